"""The native executor: one function that every thread of a run enters to walk the program's table together.

    share(control, job)            publishes a run to the workers and takes part in it; 3 where another run has them
    walk(job)                      takes part in a run alone, or goes on with one
    halt(job)                      ends a run, whatever stands: see below
    dismiss(control)               cancels the run that has the workers, if its commits have not begun
    settle(control)                waits until every worker is through with all runs so far
    serve(control, seen, number, scratch)   a worker's life: wait for a run, walk it, wait for the next, until told to stop
    poke(control)                  makes every worker look up
    ticks()                        the clock of time stamps

`share` and `walk` return 0 (all done), 1 (cancelled), 5 (a loop has no end), or 2: the quantum (about a tenth of a second) is over, so that
Python can look for signals; `walk` then goes on where the run stands.  A run that has noted a fault is done where a stage commits
(ir/plan.py).

What a run writes in place is written wholly or not at all.  The job's word `fate` is where that is decided: when the caller comes to a
stage that commits it puts the run's mark (run number + 1) there, for which workers wait; `cancel` puts the highest number there instead,
unless the mark is there first.  From then on the caller does not go away to Python any more: a signal handler, which may read what is
written, finds all of it or nothing.  `halt` of a run that was cancelled in time waits until no worker is inside any more and returns 1; of
one whose commits have begun it takes part to the end and returns 0.  Either way nobody writes for this run afterwards.  It is one native
call because between two instructions of Python a signal handler may raise again.

What stands where is said in ir/words.py, for the text too, which has the names of words in capitals, and of those in rows with a dot.

A job is i64 words that stay as they are (the addresses of the tables, of slots, claims, completions and decisions, of the control block and
the record of faults; its fate; the caller's scratch memory) and what the next call shall run: run number, first item, end of items, the
instance and the iteration that these items belong to.  `share` copies these to the ring in the control block, so that a worker sees one
run's words or none.

An item is stages [first, end), or a loop of the items [first, end): one that goes on while the byte at (slot, offset, step) is not 0, or
while it is 0, at most `trips` times, which is an error of an `endless` one.  Claims, completions and decisions have a cache line each per
chain, stage and item.  Control words, a cache line each: epoch, sleepers, stop, pauses before parking, a ring of runs, owner (the job that
has the workers), then the address of the words in which workers say how far they are, and how many there are, the caller counted as the
first.

Every pass over a list of items is an instance, with a number: what the job says for the outermost, and instance * trips + iteration of the
loop for those inside.  So of two instances of one list the later has the higher number, for ever; the stages in it are at visit v =
instance + 1.  A claim word is `v << CHUNK_BITS | next chunk`; a completion word `v << CHUNK_BITS | chunks done`, so "stage done" is
`word >= v << CHUNK_BITS | chunks of the stage`.  Nothing is ever reset: a thread that comes late finds every chunk taken and every wait
fulfilled, and drops out at the end.  For the same reason a walk may be left and begun again at any time.

Whether a loop goes on is decided once an iteration, by the thread that first puts it down.  A decision word is `(number + 1) << 1 | over`,
number = instance * trips + iteration, and rises like the others: a thread that reads the flag late, when it says something else already,
cannot put anything down and finds what was decided.  Loops of known length note there, now and then, the iteration before the one that a
thread has come to: all before it are done.  Who enters a loop begins where the word says, so a walk that is begun again costs no time.

Waiting: spin briefly, then park in a futex (Linux), elsewhere yield the core.  A parked thread's core is free for the thread that lost its
own.  Inside a run nobody parks longer than a twentieth of a second, so that a cancelled run needs no waking.
Source of the figures behind this: docs/decisions/0005-chunks-and-equal-bits.md.
"""

from __future__ import annotations

import re

from gradwerk.compiler.llvm.executor_end import END
from gradwerk.compiler.llvm.executor_loops import DECIDE, ITEMS
from gradwerk.compiler.llvm.executor_walk import CHAIN, SERVE, STAGES, WALK
from gradwerk.compiler.llvm.link import compile_text
from gradwerk.compiler.target import Target
from gradwerk.ir.words import numbers

NAMES = ("share", "walk", "halt", "dismiss", "settle", "serve", "poke", "ticks")

FUTEX = """
declare i64 @syscall(i64, ...)
@patience = internal constant {i64, i64} {i64 0, i64 50000000}
@moment = internal constant {i64, i64} {i64 0, i64 100000}
define internal void @sleep_on(ptr %word, i64 %seen, ptr %timeout) nounwind {
  %low = and i64 %seen, 4294967295
  %r = call i64 (i64, ...) @syscall(i64 NUMBER, ptr %word, i64 128, i64 %low, ptr %timeout, ptr null, i64 0)
  ret void
}
define internal void @wake(ptr %word) nounwind {
  %r = call i64 (i64, ...) @syscall(i64 NUMBER, ptr %word, i64 129, i64 2147483647, ptr null, ptr null, i64 0)
  ret void
}
"""

YIELD = """
declare i32 @sched_yield()
@patience = internal constant {i64, i64} {i64 0, i64 50000000}
@moment = internal constant {i64, i64} {i64 0, i64 100000}
define internal void @sleep_on(ptr %word, i64 %seen, ptr %timeout) nounwind {
  %r = call i32 @sched_yield()
  ret void
}
define internal void @wake(ptr %word) nounwind {
  ret void
}
"""

X86 = """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
; numbers are rounded to the nearest, and small ones kept, whatever mode another library has left this thread in
define internal void @calm(ptr %mode) nounwind {
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %own = getelementptr i32, ptr %mode, i64 1
  store i32 8064, ptr %own
  call void @llvm.x86.sse.ldmxcsr(ptr %own)
  ret void
}
define internal void @back(ptr %mode) nounwind {
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret void
}
declare void @llvm.x86.sse2.pause()
declare i64 @llvm.readcyclecounter()
define internal i64 @now() nounwind {
  %t = call i64 @llvm.readcyclecounter()
  ret i64 %t
}
define internal i64 @quantum() nounwind {
  ret i64 300000000
}
"""

ARM = """
define internal void @calm(ptr %mode) nounwind {
  ret void
}
define internal void @back(ptr %mode) nounwind {
  ret void
}
declare void @llvm.aarch64.hint(i32)
declare i64 @llvm.read_register.i64(metadata)
define internal i64 @now() nounwind {
  %t = call i64 @llvm.read_register.i64(metadata !{!"cntvct_el0"})
  ret i64 %t
}
define internal i64 @quantum() nounwind {
  %rate = call i64 @llvm.read_register.i64(metadata !{!"cntfrq_el0"})
  %q = lshr i64 %rate, 3
  ret i64 %q
}
"""

WAITING = """
; 0: *word >= target; 1: *cancel is the highest number; 2: the deadline is over.
; A null timeout parks for ever (and never looks at the deadline).
define internal i64 @wait(ptr %word, i64 %target, ptr %control, ptr %cancel, ptr %timeout, i64 %deadline) noinline nounwind {
entry:
  %sleepers = place %control, SLEEPERS
  %pauses = word %control, PAUSES
  %bounded = icmp ne ptr %timeout, null
  br label %spin
spin:
  %i = phi i64 [0, %entry], [%i1, %pause]
  %v = load atomic i64, ptr %word acquire, align 8
  %ok = icmp sge i64 %v, %target
  br i1 %ok, label %done, label %pause
pause:
  PAUSE
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %pauses
  br i1 %more, label %spin, label %park
park:
  %n = atomicrmw add ptr %sleepers, i64 1 seq_cst
  %seen = load atomic i64, ptr %word seq_cst, align 8
  %ok2 = icmp sge i64 %seen, %target
  br i1 %ok2, label %awake, label %sleep
sleep:
  call void @sleep_on(ptr %word, i64 %seen, ptr %timeout)
  br label %awake
awake:
  %m = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  %v2 = load atomic i64, ptr %word acquire, align 8
  %ok3 = icmp sge i64 %v2, %target
  br i1 %ok3, label %done, label %asked
asked:
  %c = load atomic i64, ptr %cancel acquire, align 8
  %cancelled = icmp eq i64 %c, HIGHEST
  br i1 %cancelled, label %stopped, label %clock
clock:
  br i1 %bounded, label %look, label %park
look:
  %now = call i64 @now()
  %over = icmp sgt i64 %now, %deadline
  br i1 %over, label %late, label %park
done:
  ret i64 DONE
stopped:
  ret i64 CANCELLED
late:
  ret i64 AGAIN
}

define internal void @signal(ptr %word, ptr %control) noinline nounwind {
entry:
  %sleepers = place %control, SLEEPERS
  %n = load atomic i64, ptr %sleepers seq_cst, align 8
  %any = icmp sgt i64 %n, 0
  br i1 %any, label %tell, label %done
tell:
  call void @wake(ptr %word)
  br label %done
done:
  ret void
}
"""


INSTRUCTION = re.compile(r"^  (?:%(\w+) = (word|pointer|place)|put (.*) at) (%\w+), (\d+)$", re.MULTILINE)


def expanded(text: str) -> str:
    """Our pseudo-instructions on the i64 words behind a pointer as LLVM.

    `%x = word %base, 3` and `%p = pointer %base, 3` load word 3, `%a = place %base, 3` is its address, and `put i64 %v at %base, 3` writes
    it.
    """
    count = 0

    def instruction(match: re.Match[str]) -> str:
        nonlocal count
        name, kind, value, base, index = match.groups()
        count += 1
        place = name if kind == "place" else f"at{count}"
        found = f"  %{place} = getelementptr i64, ptr {base}, i64 {index}"
        if kind == "place":
            return found
        if value:
            return f"{found}\n  store {value}, ptr %{place}, align 8"
        return f"{found}\n  %{name} = load {'i64' if kind == 'word' else 'ptr'}, ptr %{place}, align 8"

    return INSTRUCTION.sub(instruction, text)


NAMES_OF_WORDS = numbers()
WORD = re.compile(r"[A-Z][A-Z_]{2,}|[a-z]+\.[a-z]+")


def named(text: str) -> str:
    """The text with numbers for the names of words, in capitals or with a dot: those of ir/words.py."""
    return WORD.sub(lambda found: str(NAMES_OF_WORDS.get(found[0], found[0])), text)


def executor_text(target: Target) -> str:
    """The LLVM text for a target: how to pause, park and tell the time differ by machine."""
    x86 = target.triple.startswith("x86_64")
    linux = "linux" in target.triple
    park = FUTEX.replace("NUMBER", "202" if x86 else "98") if linux else YIELD
    pause = "call void @llvm.x86.sse2.pause()" if x86 else "call void @llvm.aarch64.hint(i32 1)"
    parts = (X86 if x86 else ARM, park, WAITING.replace("  PAUSE\n", f"  {pause}\n"), CHAIN, END, STAGES, DECIDE, ITEMS, WALK, SERVE)
    return expanded(named("".join(parts)))


def executor_object(target: Target) -> bytes:
    """The object code; `NAMES` are its entry points."""
    return compile_text(executor_text(target), target)
