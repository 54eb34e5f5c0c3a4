/*
 * What a broken verifier might let in: machine code that does what it likes, in a cell. It is put at the start of the
 * program's code as it is, so it has no data of its own and needs no linker. What to attack stands in its first map, what
 * came of it in its second: the events that were answered, and a byte for each attempt.
 */
#include "arch.h"

/* Where a cell finds its maps (services/cell, MAPS) and, behind their headers, the values. */
#define MAPS 0x10260000ul
#define HEADER 64
#define ORDER ((volatile struct order *)(MAPS + HEADER))
#define EVENTS (*(volatile word *)(MAPS + 0x1000 + HEADER))
#define LOG ((volatile unsigned char *)(MAPS + 0x1000 + HEADER + sizeof(word)))

enum { RANGES = 120 };

/* What an attempt has become; until it is begun 0. */
enum { BEGUN = 1, SURVIVED = 2, ANSWERED = 16 };

struct range {
	word start, step, count;
};

/* The value of the first map; tests/tests/attack/order.rs. */
struct order {
	word kind;
	word next;    /* the next attempt */
	word count;   /* attempts */
	word done;    /* all attempts were begun */
	word args[11];
	struct range ranges[RANGES]; /* behind the last one that is used an empty one */
};

struct run;
word attack(struct run *run);

enum kind {
	READ,
	WRITE,        /* args: start and end of what is its own, five times */
	JUMP,
	SYSTEM_CALL,  /* args: number, first label, labels, words */
	INSTRUCTION,
	RUN_DATA,     /* ranges: where to put a return */
	SPIN,
	OVERFLOW,
	SCRIBBLE,     /* ranges: start, _, bytes */
	REPLY_THEN,   /* args: label, words, 0 returns, 1 spins, 2 replies again and again */
	SET_FLAGS,    /* args: 0 waits, 1 makes system calls and is interrupted; which */
	FLOOD,        /* args: a ring's start, bytes of its data */
};

static inline word try(word kind, word i);

/* First in the code: this is where it is entered. */
word attack(struct run *run)
{
	volatile struct order *order = ORDER;

	(void)run;
	/* These are done once an event. */
	if (order->kind == SCRIBBLE || order->kind == FLOOD) {
		try(order->kind, 0);
		EVENTS++;
		return 0;
	}
	while (order->next < order->count) {
		word i = order->next;

		order->next = i + 1;
		LOG[i] = BEGUN;
		LOG[i] = (unsigned char)try(order->kind, i);
	}
	order->done = 1;
	EVENTS++;
	return order->args[10];
}

/* The address of an attempt. */
static inline word place(word i)
{
	for (int r = 0; r < RANGES; r++) {
		if (i < ORDER->ranges[r].count)
			return ORDER->ranges[r].start + i * ORDER->ranges[r].step;
		i -= ORDER->ranges[r].count;
	}
	return 0;
}

static inline void forget(word value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

/* Writes what is there already where the attacker may write, which it would not survive otherwise; elsewhere zero. */
static inline void write(volatile unsigned char *at)
{
	unsigned char value = 0;

	for (int own = 0; own < 10; own += 2)
		if (ORDER->args[own] <= (word)at && (word)at < ORDER->args[own + 1])
			value = *at;
	*at = value;
}

static inline word call_system(word i)
{
	word labels = ORDER->args[2];
	word info = INFO(ORDER->args[1] + i % labels, ORDER->args[3]);
	word words[4] = { ORDER->args[4], ORDER->args[5], ORDER->args[6], ORDER->args[7] };
	word answer = system_call(ORDER->args[0], place(i / labels), info, words);

	/* What only sends is not answered. */
	return ORDER->args[0] == (word)CALL ? ANSWERED + (answer >> 12 & 0x7f) : SURVIVED;
}

#define NAMED(name, assembly)                                                                                          \
	if (i == at++)                                                                                                 \
		__asm__ volatile(EXTENSIONS assembly : : : CLOBBERS);

static inline void execute(word i)
{
	word at = 0;

	INSTRUCTIONS(NAMED)
}

static inline void run_data(volatile unsigned int *at)
{
	*at = RETURN_CODE;
	sync_code(at);
	((void (*)(void))at)();
}

/* xorshift64 (Marsaglia 2003). */
static inline void scribble(void)
{
	word random = 0x9e3779b9ul + EVENTS * 2 + 1;

	for (int r = 0; r < RANGES && ORDER->ranges[r].count != 0; r++) {
		volatile word *at = (volatile word *)ORDER->ranges[r].start;

		for (word n = ORDER->ranges[r].count / 8; n > 0; n--) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			*at++ = random;
		}
	}
}

static inline void reply_then(void)
{
	word words[4] = { ~0ul, ~0ul, ~0ul, ~0ul };

	/* Of one that does not come back, attack() does not count the event. */
	EVENTS += ORDER->args[2] != 0;
	do {
		system_call(REPLY, 0, INFO(ORDER->args[0], ORDER->args[1]), words);
	} while (ORDER->args[2] == 2);
	while (ORDER->args[2] == 1)
		forget(0);
}

/* Full of records of no bytes: head, tail, then data of nothing but zeroes. */
static inline void flood(void)
{
	volatile unsigned int *ring = (volatile unsigned int *)ORDER->args[0];

	for (word n = 0; n < ORDER->args[1] / 4; n++)
		ring[16 + n] = 0;
	ring[0] = ring[1] + (unsigned int)ORDER->args[1];
}

static inline word try(word kind, word i)
{
	if (kind == READ)
		forget(*(volatile unsigned char *)place(i));
	else if (kind == WRITE)
		write((volatile unsigned char *)place(i));
	else if (kind == JUMP)
		((void (*)(void))place(i))();
	else if (kind == SYSTEM_CALL)
		return call_system(i);
	else if (kind == INSTRUCTION)
		execute(i);
	else if (kind == RUN_DATA)
		run_data((volatile unsigned int *)place(i));
	else if (kind == SPIN)
		for (;;)
			forget(0);
	else if (kind == OVERFLOW)
		__asm__ volatile(PUSH_FOREVER);
	else if (kind == SCRIBBLE)
		scribble();
	else if (kind == REPLY_THEN)
		reply_then();
	else if (kind == FLOOD)
		flood();
#ifdef FLAGS
	else if (kind == SET_FLAGS) {
		word words[4] = { 0 };

		set_flags(ORDER->args[1]);
		if (ORDER->args[0] == 0)
			system_call(RECV, 8, 0, words);
		for (int n = 0; n < 1000; n++)
			system_call(YIELD, 0, 0, words);
		clear_flags();
	}
#endif
	return SURVIVED;
}

#ifdef NAMES
#define NAME(name, assembly) name
INSTRUCTIONS(NAME)
#endif
