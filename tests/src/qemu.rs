//! One hypOS in one QEMU.

use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

use crate::tools;

/// How QEMU is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory in MiB, unless the board's kernel is built for another size.
    pub memory: u32,
    /// The folder of the image's files.
    pub images: PathBuf,
    /// What to boot from in place of these, as QEMU's arguments: a disk or a CD, for one.
    pub media: Vec<String>,
    /// Further arguments.
    pub args: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory: 64, images: tools::images(), media: Vec::new(), args: Vec::new() }
    }
}

/// A running system; QEMU ends with it.
#[derive(Debug)]
pub struct System {
    qemu: Child,
    console: Arc<Mutex<String>>,
    dir: tempfile::TempDir,
}

/// For `-icount`: the machine's time is counted in instructions, and skips what nobody uses. 16 ns an instruction: a processor of some
/// 60 million a second. A slower one has the host execute less while something hangs, and more events while the control line is busy.
pub const ICOUNT: &str = "shift=4,sleep=off";

/// How long anything may take: an emulated machine on a busy host is slow.
pub const PATIENCE: Duration = Duration::from_mins(1);

impl System {
    /// Boots and waits until the system says that it is ready.
    ///
    /// # Errors
    /// QEMU can't be started, or the system does not become ready.
    pub fn boot(options: &Options) -> Result<Self> {
        let system = Self::start(options)?;
        // The whole line: figures stand in it.
        let line =
            |console: &str| console.split_once("hypOS ready").is_some_and(|(_, rest)| rest.contains('\n'));
        system.wait_until("hypOS ready", line)?;
        Ok(system)
    }

    /// Starts QEMU and does not wait.
    ///
    /// # Errors
    /// QEMU can't be started.
    pub fn start(options: &Options) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let memory = tools::fixed_memory(&options.images).unwrap_or(options.memory);
        let mut words = tools::board_lines("qemu")?.into_iter();
        let images = options.images.display().to_string();
        let direct = |word: &String| options.media.is_empty() || word != "-kernel";
        let mut qemu = Command::new(words.next().ok_or_else(|| anyhow!("the board's qemu file is empty"))?)
            // The files to boot come last.
            .args(words.take_while(direct).map(|word| word.replace("@IMAGES@", &images)))
            .args(&options.media)
            .args(["-display", "none", "-no-reboot", "-monitor", "none"])
            .arg("-chardev")
            .arg(format!("socket,id=control,path={}/control,server=on,wait=off", dir.path().display()))
            .arg("-chardev")
            .arg(format!("socket,id=gdb,path={}/gdb,server=on,wait=off", dir.path().display()))
            .args(["-gdb", "chardev:gdb", "-chardev", "stdio,id=console,signal=off"])
            .arg("-object")
            .arg(format!(
                "memory-backend-file,id=ram,size={}M,share=on,mem-path={}/ram",
                memory,
                dir.path().display()
            ))
            .args(["-m", &format!("{memory}M"), "-machine", "memory-backend=ram"])
            .args(&options.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("qemu can't be started; run scripts/setup.sh")?;
        let console = Arc::new(Mutex::new(String::new()));
        let (sink, mut source) = (Arc::clone(&console), qemu.stdout.take().context("stdout is piped")?);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = source.read(&mut bytes) {
                if let Ok(mut text) = sink.lock() {
                    text.push_str(&String::from_utf8_lossy(&bytes[..n]));
                }
            }
        });
        Ok(Self { qemu, console, dir })
    }

    /// What the console has shown so far.
    pub fn console(&self) -> String {
        self.console.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Types on the console.
    ///
    /// # Errors
    /// QEMU is gone.
    pub fn type_in(&mut self, bytes: &[u8]) -> Result<()> {
        use std::io::Write;
        let stdin = self.qemu.stdin.as_mut().context("stdin is piped")?;
        stdin.write_all(bytes)?;
        Ok(stdin.flush()?)
    }

    /// Waits until the console shows `text`; gives all that it showed.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`], or QEMU ends.
    pub fn wait_for(&self, text: &str) -> Result<String> {
        self.wait_until(text, |console| console.contains(text))
    }

    /// Waits until the console satisfies `done`; `what` names it in an error.
    ///
    /// # Errors
    /// As [`System::wait_for`].
    pub fn wait_until(&self, what: &str, done: impl Fn(&str) -> bool) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let console = self.console();
            if done(&console) {
                return Ok(console);
            }
            if Instant::now() > end {
                bail!("the console did not show {what:?}:\n{console}");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Checks that no service faulted or panicked so far, and that the kernel did not.
    ///
    /// # Errors
    /// The console tells of one.
    pub fn check_sound(&self) -> Result<()> {
        let console = self.console();
        let bad = ["faulted", "panicked", "halting", "Caught cap fault", "stays stopped"];
        match bad.iter().find(|word| console.contains(**word)) {
            Some(word) => bail!("the console says {word:?}:\n{console}"),
            None => Ok(()),
        }
    }

    /// Waits for QEMU to end by itself; gives its exit status.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`].
    pub fn wait_for_exit(&mut self) -> Result<Option<i32>> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.qemu.try_wait()? {
                return Ok(status.code());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("the system did not end:\n{}", self.console())
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.path("control")
    }

    /// A file of this run: `control`, `gdb`, `ram`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if thread::panicking() {
            eprintln!("--- console ---\n{}", self.console());
        }
    }
}
