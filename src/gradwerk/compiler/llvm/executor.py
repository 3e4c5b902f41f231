"""The native executor: one function that every thread of a run enters to walk the program's table together.

    walk(job)      this thread's part of one run; returns when all of it is done (or cancelled)
    serve(control) a worker's life: wait for a run, walk it, wait for the next, until told to stop
    profile(job)   the caller alone, with a time stamp after each launch

A job is an array of i64 words (runtime/program.py writes it):

    0 launches   1 chains   2 stages   3 segments   4 first segment   5 end of segments   6 slots   7 claims   8 completions   9 control
    10 spins     11 run number   12 time stamps

A launch row is (kernel, args); a chain row (first launch, end, chunks); a stage row (first chain, end, all chunks); a segment row
(first stage, end, trips).  Claims and completions have one cache line each per chain and per stage.

Run r of a program visits the stages of a segment with T trips T times; visit v = r * T + trip + 1 rises for ever.  A claim word is
`v << 32 | next chunk`; a completion word counts chunks since the program was made, so "stage done" is `count >= v * chunks of the stage`.
Nothing is ever reset, so a thread that comes late finds every chunk taken, every wait fulfilled, and drops out at the end.

Waiting: spin briefly, then park in a futex (Linux), elsewhere yield the core.  A parked thread's core is free for the thread that lost its own.
Source of the figures behind this: docs/decisions/0005-chunks-and-equal-bits.md.
"""

from __future__ import annotations

from gradwerk.compiler.llvm.link import compile_text
from gradwerk.compiler.target import Target


WORDS = """
define internal i64 @word(ptr %base, i64 %index) alwaysinline nounwind {
  %at = getelementptr i64, ptr %base, i64 %index
  %value = load i64, ptr %at, align 8
  ret i64 %value
}
define internal ptr @table(ptr %base, i64 %index) alwaysinline nounwind {
  %at = getelementptr i64, ptr %base, i64 %index
  %value = load ptr, ptr %at, align 8
  ret ptr %value
}
"""

FUTEX = """
declare i64 @syscall(i64, ...)
define internal void @sleep_on(ptr %word, i64 %seen) nounwind {
  %low = and i64 %seen, 4294967295
  %r = call i64 (i64, ...) @syscall(i64 NUMBER, ptr %word, i64 128, i64 %low, ptr null, ptr null, i64 0)
  ret void
}
define internal void @wake(ptr %word) nounwind {
  %r = call i64 (i64, ...) @syscall(i64 NUMBER, ptr %word, i64 129, i64 2147483647, ptr null, ptr null, i64 0)
  ret void
}
"""

YIELD = """
declare i32 @sched_yield()
define internal void @sleep_on(ptr %word, i64 %seen) nounwind {
  %r = call i32 @sched_yield()
  ret void
}
define internal void @wake(ptr %word) nounwind {
  ret void
}
"""

BODY = """
; control words, a cache line each: 0 epoch, 1 sleepers, 2 stop, 3 cancel, 4.. ring of eight jobs
; until *word >= target, or cancelled: spin, then park
define internal void @wait(ptr %word, i64 %target, ptr %control, i64 %spins) noinline nounwind {
entry:
  %sleepers = getelementptr i64, ptr %control, i64 8
  %cancel = getelementptr i64, ptr %control, i64 24
  br label %spin
spin:
  %i = phi i64 [0, %entry], [%i1, %pause]
  %v = load atomic i64, ptr %word acquire, align 8
  %ok = icmp sge i64 %v, %target
  br i1 %ok, label %done, label %pause
pause:
  PAUSE
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %spins
  br i1 %more, label %spin, label %park
park:
  %n = atomicrmw add ptr %sleepers, i64 1 seq_cst
  %seen = load atomic i64, ptr %word seq_cst, align 8
  %ok2 = icmp sge i64 %seen, %target
  %c = load atomic i64, ptr %cancel seq_cst, align 8
  %cancelled = icmp ne i64 %c, 0
  %leave = or i1 %ok2, %cancelled
  br i1 %leave, label %awake, label %sleep
sleep:
  call void @sleep_on(ptr %word, i64 %seen)
  br label %awake
awake:
  %m = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  %now = load atomic i64, ptr %word acquire, align 8
  %ok3 = icmp sge i64 %now, %target
  %c2 = load atomic i64, ptr %cancel seq_cst, align 8
  %cancelled2 = icmp ne i64 %c2, 0
  %out = or i1 %ok3, %cancelled2
  br i1 %out, label %done, label %park
done:
  ret void
}

define internal void @signal(ptr %word, ptr %control) noinline nounwind {
entry:
  %sleepers = getelementptr i64, ptr %control, i64 8
  %n = load atomic i64, ptr %sleepers seq_cst, align 8
  %any = icmp sgt i64 %n, 0
  br i1 %any, label %tell, label %done
tell:
  call void @wake(ptr %word)
  br label %done
done:
  ret void
}

; the launches [%first, %end) for one chunk
define internal void @chain(ptr %launches, i64 %first, i64 %end, ptr %slots, i64 %chunk, i64 %trip) alwaysinline nounwind {
entry:
  br label %loop
loop:
  %i = phi i64 [%first, %entry], [%i1, %loop]
  %at = shl i64 %i, 1
  %kernel = call ptr @table(ptr %launches, i64 %at)
  %at1 = add i64 %at, 1
  %args = call ptr @table(ptr %launches, i64 %at1)
  call void %kernel(ptr %slots, ptr %args, i64 %chunk, i64 %trip)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}

define i64 @walk(ptr %job) nounwind {
entry:
  ; the run number first: whoever sees a new one sees everything that was written before it
  %run_at = getelementptr i64, ptr %job, i64 11
  %run = load atomic i64, ptr %run_at acquire, align 8
  %launches = call ptr @table(ptr %job, i64 0)
  %chains = call ptr @table(ptr %job, i64 1)
  %stages = call ptr @table(ptr %job, i64 2)
  %segments = call ptr @table(ptr %job, i64 3)
  %segment0 = call i64 @word(ptr %job, i64 4)
  %segment9 = call i64 @word(ptr %job, i64 5)
  %slots = call ptr @table(ptr %job, i64 6)
  %claims = call ptr @table(ptr %job, i64 7)
  %dones = call ptr @table(ptr %job, i64 8)
  %control = call ptr @table(ptr %job, i64 9)
  %spins = call i64 @word(ptr %job, i64 10)
  %cancel = getelementptr i64, ptr %control, i64 24
  br label %segment
segment:
  %s = phi i64 [%segment0, %entry], [%s1, %segment_end]
  %before_s = phi ptr [%dones, %entry], [%before_t, %segment_end]
  %wanted_s = phi i64 [0, %entry], [%wanted_t, %segment_end]
  %some = icmp slt i64 %s, %segment9
  br i1 %some, label %segment_in, label %last
segment_in:
  %sr = mul i64 %s, 3
  %sr1 = add i64 %sr, 1
  %sr2 = add i64 %sr, 2
  %stage0 = call i64 @word(ptr %segments, i64 %sr)
  %stage9 = call i64 @word(ptr %segments, i64 %sr1)
  %trips = call i64 @word(ptr %segments, i64 %sr2)
  %visit0 = mul i64 %run, %trips
  br label %trip
trip:
  %t = phi i64 [0, %segment_in], [%t1, %trip_end]
  %before_t = phi ptr [%before_s, %segment_in], [%before_g, %trip_end]
  %wanted_t = phi i64 [%wanted_s, %segment_in], [%wanted_g, %trip_end]
  %again = icmp slt i64 %t, %trips
  br i1 %again, label %trip_in, label %segment_end
trip_in:
  %t1 = add i64 %t, 1
  %visit = add i64 %visit0, %t1
  %tag = shl i64 %visit, 32
  br label %stage
stage:
  %g = phi i64 [%stage0, %trip_in], [%g1, %stage_end]
  %before_g = phi ptr [%before_t, %trip_in], [%done, %stage_end]
  %wanted_g = phi i64 [%wanted_t, %trip_in], [%target, %stage_end]
  %stage_more = icmp slt i64 %g, %stage9
  br i1 %stage_more, label %stage_in, label %trip_end
stage_in:
  call void @wait(ptr %before_g, i64 %wanted_g, ptr %control, i64 %spins)
  %gr = mul i64 %g, 3
  %gr1 = add i64 %gr, 1
  %gr2 = add i64 %gr, 2
  %chain0 = call i64 @word(ptr %stages, i64 %gr)
  %chain9 = call i64 @word(ptr %stages, i64 %gr1)
  %total = call i64 @word(ptr %stages, i64 %gr2)
  %target = mul i64 %total, %visit
  %gd = shl i64 %g, 3
  %done = getelementptr i64, ptr %dones, i64 %gd
  br label %chains_loop
chains_loop:
  %c = phi i64 [%chain0, %stage_in], [%c1, %chain_end]
  %chain_more = icmp slt i64 %c, %chain9
  br i1 %chain_more, label %chain_in, label %stage_end
chain_in:
  %cr = mul i64 %c, 3
  %cr1 = add i64 %cr, 1
  %cr2 = add i64 %cr, 2
  %launch0 = call i64 @word(ptr %chains, i64 %cr)
  %launch9 = call i64 @word(ptr %chains, i64 %cr1)
  %chunks = call i64 @word(ptr %chains, i64 %cr2)
  %cc = shl i64 %c, 3
  %claim = getelementptr i64, ptr %claims, i64 %cc
  br label %take
take:
  %w = load atomic i64, ptr %claim acquire, align 8
  %ws = lshr i64 %w, 32
  %late = icmp sgt i64 %ws, %visit
  br i1 %late, label %chain_end, label %look
look:
  %same = icmp eq i64 %ws, %visit
  %wc = and i64 %w, 4294967295
  %chunk = select i1 %same, i64 %wc, i64 0
  %left = icmp slt i64 %chunk, %chunks
  br i1 %left, label %try, label %chain_end
try:
  %k = load atomic i64, ptr %cancel monotonic, align 8
  %cancelled = icmp ne i64 %k, 0
  br i1 %cancelled, label %stopped, label %claiming
claiming:
  %chunk1 = add i64 %chunk, 1
  %new = or i64 %tag, %chunk1
  %x = cmpxchg ptr %claim, i64 %w, i64 %new seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %run_it, label %take
run_it:
  call void @chain(ptr %launches, i64 %launch0, i64 %launch9, ptr %slots, i64 %chunk, i64 %t)
  %old = atomicrmw add ptr %done, i64 1 seq_cst
  %old1 = add i64 %old, 1
  %full = icmp eq i64 %old1, %target
  br i1 %full, label %tell, label %take
tell:
  call void @signal(ptr %done, ptr %control)
  br label %take
chain_end:
  %c1 = add i64 %c, 1
  br label %chains_loop
stage_end:
  %g1 = add i64 %g, 1
  br label %stage
trip_end:
  br label %trip
segment_end:
  %s1 = add i64 %s, 1
  br label %segment
last:
  call void @wait(ptr %before_s, i64 %wanted_s, ptr %control, i64 %spins)
  %k2 = load atomic i64, ptr %cancel monotonic, align 8
  ret i64 %k2
stopped:
  ret i64 1
}

; the caller alone: no claims, no counting; a time stamp after each launch where there is room for them
define i64 @profile(ptr %job) nounwind {
entry:
  %launches = call ptr @table(ptr %job, i64 0)
  %chains = call ptr @table(ptr %job, i64 1)
  %stages = call ptr @table(ptr %job, i64 2)
  %segments = call ptr @table(ptr %job, i64 3)
  %segment0 = call i64 @word(ptr %job, i64 4)
  %segment9 = call i64 @word(ptr %job, i64 5)
  %slots = call ptr @table(ptr %job, i64 6)
  %control = call ptr @table(ptr %job, i64 9)
  %ticks = call ptr @table(ptr %job, i64 12)
  %timed = icmp ne ptr %ticks, null
  %cancel = getelementptr i64, ptr %control, i64 24
  br label %segment
segment:
  %s = phi i64 [%segment0, %entry], [%s1, %segment_end]
  %some = icmp slt i64 %s, %segment9
  br i1 %some, label %segment_in, label %last
segment_in:
  %sr = mul i64 %s, 3
  %sr1 = add i64 %sr, 1
  %sr2 = add i64 %sr, 2
  %stage0 = call i64 @word(ptr %segments, i64 %sr)
  %stage9 = call i64 @word(ptr %segments, i64 %sr1)
  %trips = call i64 @word(ptr %segments, i64 %sr2)
  %g0 = mul i64 %stage0, 3
  %chain0 = call i64 @word(ptr %stages, i64 %g0)
  %g8 = sub i64 %stage9, 1
  %g9 = mul i64 %g8, 3
  %g91 = add i64 %g9, 1
  %chain9 = call i64 @word(ptr %stages, i64 %g91)
  br label %trip
trip:
  %t = phi i64 [0, %segment_in], [%t1, %trip_end]
  %again = icmp slt i64 %t, %trips
  br i1 %again, label %chains_loop, label %segment_end
chains_loop:
  %c = phi i64 [%chain0, %trip], [%c1, %chain_end]
  %more = icmp slt i64 %c, %chain9
  br i1 %more, label %chain_in, label %trip_end
chain_in:
  %k = load atomic i64, ptr %cancel monotonic, align 8
  %cancelled = icmp ne i64 %k, 0
  br i1 %cancelled, label %stopped, label %go
go:
  %cr = mul i64 %c, 3
  %cr1 = add i64 %cr, 1
  %cr2 = add i64 %cr, 2
  %launch0 = call i64 @word(ptr %chains, i64 %cr)
  %launch9 = call i64 @word(ptr %chains, i64 %cr1)
  %chunks = call i64 @word(ptr %chains, i64 %cr2)
  br label %chunks_loop
chunks_loop:
  %i = phi i64 [0, %go], [%i1, %chunk_end]
  br label %launch
launch:
  %l = phi i64 [%launch0, %chunks_loop], [%l1, %launch_end]
  %at = shl i64 %l, 1
  %kernel = call ptr @table(ptr %launches, i64 %at)
  %at1 = add i64 %at, 1
  %args = call ptr @table(ptr %launches, i64 %at1)
  br i1 %timed, label %watched, label %plain
plain:
  call void %kernel(ptr %slots, ptr %args, i64 %i, i64 %t)
  br label %launch_end
watched:
  %begin = call i64 @llvm.readcyclecounter()
  call void %kernel(ptr %slots, ptr %args, i64 %i, i64 %t)
  %end = call i64 @llvm.readcyclecounter()
  %took = sub i64 %end, %begin
  %tick = getelementptr i64, ptr %ticks, i64 %l
  %so_far = load i64, ptr %tick, align 8
  %sum = add i64 %so_far, %took
  store i64 %sum, ptr %tick, align 8
  br label %launch_end
launch_end:
  %l1 = add i64 %l, 1
  %l_more = icmp slt i64 %l1, %launch9
  br i1 %l_more, label %launch, label %chunk_end
chunk_end:
  %i1 = add i64 %i, 1
  %i_more = icmp slt i64 %i1, %chunks
  br i1 %i_more, label %chunks_loop, label %chain_end
chain_end:
  %c1 = add i64 %c, 1
  br label %chains_loop
trip_end:
  %t1 = add i64 %t, 1
  br label %trip
segment_end:
  %s1 = add i64 %s, 1
  br label %segment
last:
  ret i64 0
stopped:
  ret i64 1
}
declare i64 @llvm.readcyclecounter()

; a worker: %seen is its own word, in which it reports the last epoch it is through with
define void @serve(ptr %control, ptr %seen, i64 %spins) nounwind {
entry:
  %stop = getelementptr i64, ptr %control, i64 16
  %start = load atomic i64, ptr %seen acquire, align 8
  br label %again
again:
  %last = phi i64 [%start, %entry], [%epoch, %finished]
  %wanted = add i64 %last, 1
  call void @wait_for_work(ptr %control, i64 %wanted, i64 %spins)
  %epoch = load atomic i64, ptr %control acquire, align 8
  %s = load atomic i64, ptr %stop acquire, align 8
  %over = icmp ne i64 %s, 0
  br i1 %over, label %quit, label %work
work:
  %ring = and i64 %epoch, 7
  %offset = shl i64 %ring, 3
  %place = add i64 %offset, 32
  %at = getelementptr i64, ptr %control, i64 %place
  %job = load ptr, ptr %at, align 8
  %now = load atomic i64, ptr %control seq_cst, align 8
  %behind = sub i64 %now, %epoch
  %fresh = icmp slt i64 %behind, 4
  br i1 %fresh, label %join, label %finished
join:
  %code = call i64 @walk(ptr %job)
  br label %finished
finished:
  store atomic i64 %epoch, ptr %seen seq_cst, align 8
  br label %again
quit:
  ret void
}

; as @wait, but a cancelled run does not end a worker's waiting
define internal void @wait_for_work(ptr %control, i64 %target, i64 %spins) noinline nounwind {
entry:
  %sleepers = getelementptr i64, ptr %control, i64 8
  br label %spin
spin:
  %i = phi i64 [0, %entry], [%i1, %pause]
  %v = load atomic i64, ptr %control acquire, align 8
  %ok = icmp sge i64 %v, %target
  br i1 %ok, label %done, label %pause
pause:
  PAUSE
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %spins
  br i1 %more, label %spin, label %park
park:
  %n = atomicrmw add ptr %sleepers, i64 1 seq_cst
  %seen = load atomic i64, ptr %control seq_cst, align 8
  %ok2 = icmp sge i64 %seen, %target
  br i1 %ok2, label %awake, label %sleep
sleep:
  call void @sleep_on(ptr %control, i64 %seen)
  br label %awake
awake:
  %m = atomicrmw sub ptr %sleepers, i64 1 seq_cst
  %now = load atomic i64, ptr %control acquire, align 8
  %ok3 = icmp sge i64 %now, %target
  br i1 %ok3, label %done, label %park
done:
  ret void
}

; publishes a job to the workers and takes part in it
define i64 @share(ptr %control, ptr %job) nounwind {
entry:
  %epoch = load atomic i64, ptr %control acquire, align 8
  %next = add i64 %epoch, 1
  %ring = and i64 %next, 7
  %offset = shl i64 %ring, 3
  %place = add i64 %offset, 32
  %at = getelementptr i64, ptr %control, i64 %place
  store ptr %job, ptr %at, align 8
  store atomic i64 %next, ptr %control seq_cst, align 8
  call void @signal(ptr %control, ptr %control)
  %code = call i64 @walk(ptr %job)
  ret i64 %code
}

define void @poke(ptr %control) nounwind {
entry:
  %epoch = load atomic i64, ptr %control acquire, align 8
  %next = add i64 %epoch, 1
  store atomic i64 %next, ptr %control seq_cst, align 8
  call void @wake(ptr %control)
  ret void
}
define void @wake_all(ptr %word) nounwind {
entry:
  call void @wake(ptr %word)
  ret void
}
"""

NAMES = ("walk", "profile", "serve", "share", "poke", "wake_all")


def executor_text(target: Target) -> str:
    """The LLVM text for a target: how to pause and how to park differ by machine."""
    x86 = target.triple.startswith("x86_64")
    linux = "linux" in target.triple and (x86 or target.triple.startswith("aarch64"))
    park = FUTEX.replace("NUMBER", "202" if x86 else "98") if linux else YIELD
    pause = "call void @llvm.x86.sse2.pause()" if x86 else 'call void asm sideeffect "yield", ""()'
    declare = "declare void @llvm.x86.sse2.pause()\n" if x86 else ""
    return declare + WORDS + park + BODY.replace("PAUSE", pause)


def executor_object(target: Target) -> bytes:
    """The object code; `NAMES` are its entry points."""
    return compile_text(executor_text(target), target)
