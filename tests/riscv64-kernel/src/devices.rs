//! Devices and interrupts: the UART, the clock with an alarm, and the way to switch the machine off. Addresses and
//! sources are those of QEMU's `virt` (`hw/riscv/virt.c`), which is what the kernel's platform is.

use sel4::Word;
use sel4::init_thread::slot;
use sel4::sys::{self, invocation_label as label};

use crate::errors::{RANGE, REVOKE_FIRST};
use crate::kernel::{NEVER, READ_WRITE, error, map, now, poll, receive, spin_us};
use crate::report::{check as checked, line, need, set_uart};
use crate::task::{CNODE, Task, VSPACE, WINDOW, delete};

const IRQ_CONTROL: Word = slot::IRQ_CONTROL.index() as Word;

/// The registers of QEMU's "test finisher" and what switches the machine off (`hw/misc/sifive_test.c`).
const FINISHER: Word = 0x10_0000;
const POWER_OFF: u32 = 0x5555;
const UART: Word = 0x1000_0000;
const UART_IRQ: Word = 10;
/// Goldfish RTC (`hw/rtc/goldfish_rtc.c`).
const RTC: Word = 0x10_1000;
const RTC_IRQ: Word = 11;
const VIRTIO: Word = 0x1000_1000;

/// Where they are mapped.
const AT_FINISHER: Word = WINDOW + 0x1000;
const AT_UART: Word = WINDOW + 0x2000;
const AT_RTC: Word = WINDOW + 0x3000;
const AT_VIRTIO: Word = WINDOW + 0x4000;

fn read32(address: Word) -> u32 {
    // SAFETY: a device's register that `open` or `check` mapped.
    unsafe { (address as *const u32).read_volatile() }
}

fn write32(address: Word, value: u32) {
    // SAFETY: as above.
    unsafe { (address as *mut u32).write_volatile(value) }
}

/// Switches the machine off.
pub fn power_off() -> ! {
    write32(AT_FINISHER, POWER_OFF);
    sel4::init_thread::suspend_self()
}

fn map_device(task: &mut Task, paddr: Word, address: Word) -> Word {
    let frame = task.make_from(task.device(paddr), sys::seL4_RISCV_4K_Page, 0);
    let error = map(frame, VSPACE, address, READ_WRITE, NEVER);
    need("map a device", error);
    error
}

/// Maps what the report and [`power_off`] need.
pub fn open(task: &mut Task) {
    map_device(task, UART, AT_UART);
    set_uart(AT_UART);
    map_device(task, FINISHER, AT_FINISHER);
}

/// The clock with an alarm.
pub struct Clock {
    handler: Word,
    notification: Word,
}

impl Clock {
    /// Sleeps.
    pub fn sleep_ns(&mut self, ns: u64) {
        /// Low half first: reading it latches the high one.
        const TIME_LOW: Word = 0x00;
        const TIME_HIGH: Word = 0x04;
        /// High half first: writing the low one sets the alarm.
        const ALARM_LOW: Word = 0x08;
        const ALARM_HIGH: Word = 0x0c;
        const IRQ_ENABLED: Word = 0x10;
        const CLEAR_INTERRUPT: Word = 0x1c;
        let low = u64::from(read32(AT_RTC + TIME_LOW));
        let alarm = (low | u64::from(read32(AT_RTC + TIME_HIGH)) << 32) + ns;
        write32(AT_RTC + IRQ_ENABLED, 1);
        write32(AT_RTC + ALARM_HIGH, (alarm >> 32) as u32);
        write32(AT_RTC + ALARM_LOW, alarm as u32);
        receive(self.notification);
        write32(AT_RTC + CLEAR_INTERRUPT, 1);
        need("acknowledge", error(self.handler, label::IRQAckIRQ, &[], &[]));
    }
}

fn get_irq(irq: Word, to: Word) -> Word {
    error(IRQ_CONTROL, label::IRQIssueIRQHandler, &[CNODE], &[irq, to, 64])
}

fn acknowledge(handler: Word) -> Word {
    error(handler, label::IRQAckIRQ, &[], &[])
}

/// Checks devices and interrupts; gives the clock.
pub fn check(task: &mut Task) -> Clock {
    checked("map virtio's registers", map_device(task, VIRTIO, AT_VIRTIO), 0);
    checked("virtio's magic number", read32(AT_VIRTIO), u32::from_le_bytes(*b"virt"));
    checked("map the RTC", map_device(task, RTC, AT_RTC), 0);
    uart(task);
    alarms(task)
}

fn uart(task: &mut Task) {
    let (notification, handler) = (task.notification(), task.slot());
    checked("interrupt 0 is the kernel's timer", get_irq(0, handler), REVOKE_FIRST);
    checked("there is no interrupt 128", get_irq(128, handler), RANGE);
    checked("get the UART's interrupt", get_irq(UART_IRQ, handler), 0);
    checked("it has one handler", get_irq(UART_IRQ, handler), REVOKE_FIRST);
    checked("set its notification", error(handler, label::IRQSetIRQHandler, &[notification], &[]), 0);
    checked("acknowledge", acknowledge(handler), 0);
    let mut got = 0;
    for _ in 0..1000 {
        enable(true);
        receive(notification);
        got += u32::from(identify() & 15 == HOLDING_EMPTY);
        enable(false);
        need("acknowledge", acknowledge(handler));
    }
    checked("a thousand interrupts", got, 1000);
    enable(true);
    receive(notification);
    enable(false);
    identify();
    enable(true);
    spin_us(5000);
    checked("masked until it is acknowledged", poll(notification).badge, 0);
    checked("acknowledge", acknowledge(handler), 0);
    receive(notification);
    enable(false);
    checked("clear the handler", error(handler, label::IRQClearIRQHandler, &[], &[]), 0);
    checked("delete the handler", delete(handler), 0);
    checked("the interrupt can be had again", get_irq(UART_IRQ, handler), 0);
}

/// Interrupt identification (PC16550D data sheet, 8.6): the transmitter holding register is empty.
const HOLDING_EMPTY: u8 = 2;

fn enable(on: bool) {
    // SAFETY: the UART's interrupt enable register, mapped by `open`.
    unsafe { ((AT_UART + 1) as *mut u8).write_volatile(if on { 2 } else { 0 }) }
}

fn identify() -> u8 {
    // SAFETY: the UART's interrupt identification register, mapped by `open`.
    unsafe { ((AT_UART + 2) as *const u8).read_volatile() }
}

/// Alarms wake the processor from the idle thread.
fn alarms(task: &mut Task) -> Clock {
    let (notification, handler) = (task.notification(), task.slot());
    checked("get the RTC's interrupt", get_irq(RTC_IRQ, handler), 0);
    checked("set its notification", error(handler, label::IRQSetIRQHandler, &[notification], &[]), 0);
    checked("acknowledge", acknowledge(handler), 0);
    let mut clock = Clock { handler, notification };
    let mut longest = 0;
    for _ in 0..10 {
        let start = now();
        clock.sleep_ns(10_000_000);
        longest = longest.max((now() - start) / 10);
    }
    line(format_args!("note ten alarms of 10 ms, the longest {longest} us"));
    checked("alarms are not early", longest >= 9_000, true);
    clock
}
