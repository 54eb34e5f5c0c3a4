//! Glue: the alarm and the attachments drive the schedule; the schedule sets the next alarm.

use cell::{EVENT, attached, hook::Hook};
use report::counters::Counter;
use svc::{ServerRestarted, clock::now_ns, region};
use tick::{BIT_HOOK, EVENTS, HOOKS, TIMER, schedule::Schedule};
use timer::Request;

svc::service!(main);

/// The number of the hook.
const TIMER_HOOK: u32 = 1;
/// The alarm's number among this client's timers.
const ALARM: u64 = 0;

struct Counters {
    events: Counter<'static>,
    failures: Counter<'static>,
    skipped: Counter<'static>,
    late_max: Counter<'static>,
    latest_ns: u64,
}

fn main() -> ! {
    let hook = Hook::new(region(HOOKS), TIMER_HOOK).expect("a page holds all hooks");
    let mut schedule = Schedule::new(hook, now_ns());
    let [events, failures, skipped, late_max] =
        svc::counters(["hook_events", "hook_failures", "hook_skipped", "hook_late_ns_max"]);
    let mut counters = Counters { events, failures, skipped, late_max, latest_ns: 0 };
    svc::ready();
    let mut alarm = u64::MAX;
    loop {
        run(&mut schedule, &mut counters);
        let idle_ns = schedule.idle_ns(now_ns());
        if idle_ns != u64::MAX || alarm != u64::MAX {
            set_alarm(idle_ns);
        }
        alarm = idle_ns;
        // An alarm of which the timer, started anew, knows nothing is set again: it signals when it starts.
        if svc::wait(EVENTS) & BIT_HOOK != 0 {
            schedule.attachments_changed(now_ns());
        }
    }
}

fn run(schedule: &mut Schedule<'_>, counters: &mut Counters) {
    let mut failures = 0;
    let round = schedule.tick(now_ns, |place, context| {
        // Each has ticks of its own: there is nobody to pass them on to, so the verdict decides nothing.
        let answer = svc::call(attached(place), EVENT, context);
        failures += u64::from(answer.is_err());
    });
    counters.events.add(round.events);
    counters.failures.add(failures);
    counters.skipped.add(round.skipped);
    counters.latest_ns = counters.latest_ns.max(round.late_ns);
    counters.late_max.set(counters.latest_ns);
}

fn set_alarm(ns: u64) {
    let request =
        if ns == u64::MAX { Request::Cancel { id: ALARM } } else { Request::After { id: ALARM, ns } };
    let (label, words) = request.encode();
    match svc::call(TIMER, label, words) {
        Ok(answer) if answer.label() != 0 => log::warn!("timer refused: {}", answer.label()),
        Ok(_) | Err(ServerRestarted) => {}
    }
}
