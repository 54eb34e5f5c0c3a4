/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 */

/* The debug kernel's console: a PL011, polled (Arm DDI 0183G, 3.3). */

#include <config.h>
#include <stdint.h>
#include <util.h>
#include <machine/io.h>
#include <plat/machine/devices.h>

#define UARTDR      0x00        /* data */
#define UARTFR      0x18        /* flags */
#define UARTFR_TXFF BIT(5)      /* transmit FIFO full */
#define UARTFR_RXFE BIT(4)      /* receive FIFO empty */

#define UART_REG(x) ((volatile uint32_t *)(UART0_PPTR + (x)))

#if defined(CONFIG_DEBUG_BUILD) || defined(CONFIG_PRINTING)
void
putDebugChar(unsigned char c)
{
    while (*UART_REG(UARTFR) & UARTFR_TXFF);
    *UART_REG(UARTDR) = c;
}
#endif

#ifdef CONFIG_DEBUG_BUILD
unsigned char
getDebugChar(void)
{
    while (*UART_REG(UARTFR) & UARTFR_RXFE);
    return *UART_REG(UARTDR);
}
#endif
