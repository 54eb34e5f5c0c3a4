//! Both UARTs, the timers and programs busy at once, boot after boot.
