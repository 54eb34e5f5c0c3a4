//! What keeps the system busy meanwhile: programs at 1 kHz, requests, loads and replacements. What goes wrong while something
//! is broken is to be expected, and counted; what it leaves behind is not.

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{System, bpf, tools};

/// How long one answer may take, of the host's time: a machine whose driver was just killed answers nothing, and who waits for
/// that holds the line.
const TIMEOUT: &str = "250ms";
/// The same for who wants to know, and tries again.
const PATIENCE: &str = "1s";

/// Between two requests, of the host's time.
const PAUSE: Duration = Duration::from_millis(10);

/// The objects of the load.
#[derive(Debug)]
pub struct Objects {
    _dir: tempfile::TempDir,
    /// Builds of `count`, which is replaced all the time.
    pub count: [PathBuf; 2],
    /// `steady`.
    pub steady: PathBuf,
    /// `extra`, which is loaded and unloaded all the time.
    pub extra: PathBuf,
}

/// A program on the hook `timer` that keeps a [`super::view::Tally`] in a map.
fn counter(name: &str, map: &str, build: u32) -> String {
    format!(
        "struct tally {{ __u64 events, last, again, missed, now; }};\n\
         struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32);\n\
         __type(value, struct tally); }} {map} SEC(\".maps\");\n\
         SEC(\"timer\") int {name}(struct hypos_timer *ctx) {{ __u32 key = 0; __u64 gap;\n\
         struct tally *t = bpf_map_lookup_elem(&{map}, &key); if (!t) return 0;\n\
         if (ctx->scheduled_ns <= t->last) t->again++;\n\
         else {{ gap = (ctx->scheduled_ns - t->last) / ctx->period_ns; if (t->last && gap > 1) t->missed += gap - 1; }}\n\
         t->last = ctx->scheduled_ns; t->now = ctx->now_ns; t->events++; return {build}; }}\n"
    )
}

impl Objects {
    /// Compiles them.
    ///
    /// # Errors
    /// The compiler is missing or refuses.
    pub fn make() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let make = |file: &str, source: &str| bpf::compile(dir.path(), file, source);
        Ok(Self {
            count: [
                make("count1", &counter("count", "seen", 1))?,
                make("count2", &counter("count", "seen", 2))?,
            ],
            steady: make("steady", &counter("steady", "ticked", 1))?,
            extra: make(
                "extra",
                "SEC(\"serial\") int extra(struct hypos_serial *ctx) { return ctx->len > 8; }\n",
            )?,
            _dir: dir,
        })
    }
}

/// The control line, and what happens on it by itself.
#[derive(Debug)]
pub struct Load {
    line: Arc<Mutex<()>>,
    socket: PathBuf,
    end: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Begins.
    pub fn start(system: &System, objects: &Arc<Objects>) -> Self {
        let mut load = Self {
            line: Arc::default(),
            socket: system.socket(),
            end: Arc::default(),
            done: Arc::default(),
            failed: Arc::default(),
            thread: None,
        };
        let (line, socket, end) = (Arc::clone(&load.line), load.socket.clone(), Arc::clone(&load.end));
        let (done, failed, objects) = (Arc::clone(&load.done), Arc::clone(&load.failed), Arc::clone(objects));
        load.thread = Some(thread::spawn(move || {
            let path = |path: &Path| path.to_string_lossy().into_owned();
            let (count, extra) = (objects.count.each_ref().map(|p| path(p)), path(&objects.extra));
            let asked: [&[&str]; 7] = [
                &["prog", "replace", "count", &count[1]],
                &["status"],
                &["prog", "load", &extra],
                &["map", "dump", "seen"],
                &["prog", "replace", "count", &count[0]],
                &["prog", "unload", "extra"],
                &["services"],
            ];
            for args in asked.iter().cycle() {
                if end.load(Relaxed) {
                    return;
                }
                let held = line.lock().unwrap_or_else(PoisonError::into_inner);
                let good = run(&socket, args, TIMEOUT).is_ok_and(|output| output.status.success());
                drop(held);
                (if good { &done } else { &failed }).fetch_add(1, Relaxed);
                // Others want the line too, and a device that is asked without a pause needs most of the host for that.
                thread::sleep(PAUSE);
            }
        }));
        load
    }

    /// Requests that were answered well so far, and others.
    pub fn counts(&self) -> (u64, u64) {
        (self.done.load(Relaxed), self.failed.load(Relaxed))
    }

    /// Waits for the line, and keeps it: nothing happens on it by itself meanwhile.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs hypctl; whoever calls this holds the line.
    ///
    /// # Errors
    /// It fails; what it says.
    pub fn ask(&self, args: &[&str]) -> Result<String> {
        let output = run(&self.socket, args, PATIENCE)?;
        if !output.status.success() {
            bail!("hypctl {args:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(socket: &Path, args: &[&str], timeout: &str) -> Result<Output> {
    tools::hypctl(socket, &[&["--timeout", timeout], args].concat())
}
