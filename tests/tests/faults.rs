//! Services that fault: reported, restarted with a back-off, in the end left stopped; the rest goes on.
