//! Glue: the timer's signal, the pages, and a line a minute.

use caps::Region;
use cell::{EVENT, attached, hook::Hook};
use metrics::{EVENTS, HOOKS, PAGES, RATES, SOURCES, TIMER, sample::Source};
use report::counters::Counters;
use svc::{Message, ServerRestarted, clock::now_ns, region};
use timer::Request;

svc::service!(main);

/// The one timer that is used.
const ID: u64 = 0;
/// The number of the hook.
const HOOK: u32 = 3;
const SECOND_NS: u64 = 1_000_000_000;
const SAMPLES_PER_LINE: u64 = 60;
/// What the owners of hooks name the counter of their events.
const HOOK_EVENTS: &str = "hook_events";

fn main() -> ! {
    let [samples, events, failures, hook_taken] =
        svc::counters(["samples", "hook_events", "hook_failures", "hook_taken"]);
    let hook = Hook::new(region(HOOKS), HOOK).expect("a page holds all hooks");
    let mut sources: [Source; SOURCES.len()] = core::array::from_fn(|index| {
        let rates = Region::at(RATES.vaddr + index as u64 * Region::PAGE, 1);
        Source::new(Counters::new(region(PAGES[index])), Counters::new(region(rates)))
    });
    let (mut sampled_ns, mut taken) = (now_ns(), 0_u64);
    svc::ready();
    set_timer();
    loop {
        svc::wait(EVENTS);
        // Any failure means that the timer starts anew: its signal will come, and find the timer not expired.
        let expired = ask(Request::Expired).is_ok_and(|answer| answer.words()[0] & 1 << ID != 0);
        if !expired {
            set_timer();
            continue;
        }
        let now = now_ns();
        let passed_ns = now.saturating_sub(sampled_ns);
        for source in &mut sources {
            source.sample(passed_ns, now);
        }
        sampled_ns = now;
        samples.add(1);
        if hook.is_armed() {
            // The pages are the context; the words are for nobody.
            let delivery = hook.deliver(|place| svc::call(attached(place), EVENT, [0; 4]).ok()?.value());
            events.add(delivery.called);
            failures.add(delivery.failed);
            hook_taken.add(delivery.taken.into());
        }
        taken += 1;
        if taken.is_multiple_of(SAMPLES_PER_LINE) {
            let rate =
                |name| SOURCES.iter().position(|s| *s == name).map_or(0, |i| sources[i].rate(HOOK_EVENTS));
            log::info!(
                "up {} min, events per second: timer {}, serial {}",
                now / (60 * SECOND_NS),
                rate("tick"),
                rate("serial"),
            );
        }
    }
}

/// Asks for a signal each second; a refusal is tried again when the timer next starts.
fn set_timer() {
    match ask(Request::Every { id: ID, ns: SECOND_NS }) {
        Ok(answer) if answer.label() != 0 => log::warn!("timer refused: {}", answer.label()),
        Ok(_) | Err(ServerRestarted) => {}
    }
}

fn ask(request: Request) -> Result<Message, ServerRestarted> {
    let (label, words) = request.encode();
    svc::call(TIMER, label, words)
}
