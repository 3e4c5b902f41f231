"""LLVM text of the executor's walk and of a worker's life; compiler/llvm/executor.py says what it means and expands it.

Loops are compiler/llvm/executor_loops.py; whether a run may commit, and how it ends, is compiler/llvm/executor_end.py.
"""

from __future__ import annotations

import re

LAUNCHES = """
define internal void @NAME(ptr %launches, i64 %first, i64 %end, ptr %slots, i64 %chunk, i64 %trip, ptr %scratchMORE) noinline nounwind {
entry:
ONCE  br label %loop
loop:
  %i = phi i64 [%first, %entry], [%i1, %next]
  %row = getelementptr [launch.words x i64], ptr %launches, i64 %i
  %kernel = pointer %row, launch.kernel
  %args = pointer %row, launch.arguments
BEFORE  call void %kernel(ptr %slots, ptr %args, i64 %chunk, i64 %trip, ptr %scratch)
AFTER  br label %next
next:
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""


def launches(name: str, *, more: str = "", once: str = "", before: str = "", after: str = "") -> str:
    """One chunk of the launches [%first, %end), with more parameters, and code at the beginning and around each call."""
    parts = {"NAME": name, "MORE": more, "ONCE": once, "BEFORE": before, "AFTER": after}
    return re.sub("|".join(parts), lambda found: parts[found[0]].lstrip("\n"), LAUNCHES)


# watched: with two time stamps a launch.  The words of a watch and of an event: see ir/words.py
CHAIN = launches("chain") + launches(
    "watched",
    more=", ptr %watch, i64 %thread",
    once="""
  %room = word %watch, watch.room
  %events = pointer %watch, watch.first
  %ticks = pointer %watch, watch.ticks
""",
    before="""
  %began = call i64 @now()
""",
    after="""
  %ended = call i64 @now()
  %took = sub i64 %ended, %began
  %tick = getelementptr i64, ptr %ticks, i64 %i
  %sum = atomicrmw add ptr %tick, i64 %took monotonic
  %number = atomicrmw add ptr %watch, i64 1 monotonic
  %fits = icmp slt i64 %number, %room
  br i1 %fits, label %note, label %next
note:
  %event = getelementptr [event.words x i64], ptr %events, i64 %number
  put i64 %i at %event, event.launch
  put i64 %chunk at %event, event.chunk
  put i64 %trip at %event, event.trip
  put i64 %thread at %event, event.thread
  put i64 %began at %event, event.begin
  put i64 %ended at %event, event.end
""",
)

# a thread's own words during a walk: where the stage before it notes how far it is, how far it has to be, the run's mark, scratch memory
STAGES = """
define internal i64 @stages(ptr %job, ptr %own, i64 %first, i64 %end, i64 %instance, i64 %t, i64 %deadline, i64 %thread) noinline nounwind {
entry:
  %launches = pointer %job, LAUNCHES
  %chains = pointer %job, CHAINS
  %stages = pointer %job, STAGES
  %slots = pointer %job, SLOTS
  %claims = pointer %job, CLAIMS
  %dones = pointer %job, COMPLETIONS
  %control = pointer %job, CONTROL
  %fate = place %job, FATE
  %mark = word %own, 2
  %scratch = pointer %own, 3
  %watch = pointer %job, WATCH
  %faults = pointer %job, NOTED
  %watching = icmp ne ptr %watch, null
  %hurried = icmp ne i64 %deadline, HIGHEST
  %visit = add i64 %instance, 1
  %tag = shl i64 %visit, CHUNK_BITS
  br label %stage
stage:
  %g = phi i64 [%first, %entry], [%g1, %stage_end]
  %stage_more = icmp slt i64 %g, %end
  br i1 %stage_more, label %stage_row_in, label %over
stage_row_in:
  %stage_row = getelementptr [stage.words x i64], ptr %stages, i64 %g
  %total = word %stage_row, stage.chunks
  %empty = icmp eq i64 %total, 0
  br i1 %empty, label %stage_end, label %stage_in
stage_in:
  %before = pointer %own, 0
  %wanted = word %own, 1
  %until = call i64 @until(ptr %fate, i64 %mark, i64 %deadline)
  %code = call i64 @wait(ptr %before, i64 %wanted, ptr %control, ptr %fate, ptr @patience, i64 %until)
  %ready = icmp eq i64 %code, DONE
  br i1 %ready, label %stage_go, label %leave
stage_go:
  %commits = word %stage_row, stage.commits
  %fault = load atomic i64, ptr %faults monotonic, align 8
  %refused = and i64 %commits, %fault
  %refuse = icmp ne i64 %refused, 0
  br i1 %refuse, label %faulty, label %stage_fate
stage_fate:
  %committing = icmp ne i64 %commits, 0
  br i1 %committing, label %stage_commit, label %stage_run
stage_commit:
  %is_caller = icmp eq i64 %thread, 0
  br i1 %is_caller, label %stage_put, label %stage_follow
stage_put:
  %may = call i64 @commit(ptr %fate, i64 %mark)
  call void @signal(ptr %fate, ptr %control)
  %refused_late = icmp eq i64 %may, 0
  br i1 %refused_late, label %stopped, label %stage_run
stage_follow:
  %told_code = call i64 @wait(ptr %fate, i64 %mark, ptr %control, ptr %fate, ptr @patience, i64 %deadline)
  %told = load atomic i64, ptr %fate acquire, align 8
  %told_not = icmp eq i64 %told, HIGHEST
  br i1 %told_not, label %stopped, label %stage_run
stage_run:
  %chain0 = word %stage_row, stage.first
  %chain9 = word %stage_row, stage.end
  %target = or i64 %tag, %total
  %done = getelementptr [LINE x i64], ptr %dones, i64 %g
  put ptr %done at %own, 0
  put i64 %target at %own, 1
  br label %chain
chain:
  %c = phi i64 [%chain0, %stage_run], [%c1, %chain_end]
  %chain_more = icmp slt i64 %c, %chain9
  br i1 %chain_more, label %chain_in, label %stage_end
chain_in:
  %chain_row = getelementptr [chain.words x i64], ptr %chains, i64 %c
  %launch0 = word %chain_row, chain.first
  %launch9 = word %chain_row, chain.end
  %chunks = word %chain_row, chain.chunks
  %claim = getelementptr [LINE x i64], ptr %claims, i64 %c
  br label %take
take:
  %w = load atomic i64, ptr %claim acquire, align 8
  %claimed = lshr i64 %w, CHUNK_BITS
  %gone = icmp sgt i64 %claimed, %visit
  br i1 %gone, label %chain_end, label %count
count:
  %same = icmp eq i64 %claimed, %visit
  %taken = and i64 %w, CHUNK_MASK
  %chunk = select i1 %same, i64 %taken, i64 0
  %left = icmp slt i64 %chunk, %chunks
  br i1 %left, label %asked, label %chain_end
asked:
  %k = load atomic i64, ptr %fate monotonic, align 8
  %cancelled = icmp eq i64 %k, HIGHEST
  br i1 %cancelled, label %stopped, label %clock
clock:
  br i1 %hurried, label %look, label %try
look:
  %now = call i64 @now()
  %over_time = icmp sgt i64 %now, %deadline
  %may_leave = icmp slt i64 %k, %mark
  %leaves = and i1 %over_time, %may_leave
  br i1 %leaves, label %late, label %try
try:
  %chunk1 = add i64 %chunk, 1
  %new = or i64 %tag, %chunk1
  %x = cmpxchg ptr %claim, i64 %w, i64 %new seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %mine, label %take
mine:
  br i1 %watching, label %run_watched, label %run_plain
run_plain:
  call void @chain(ptr %launches, i64 %launch0, i64 %launch9, ptr %slots, i64 %chunk, i64 %t, ptr %scratch)
  br label %ran
run_watched:
  call void @watched(ptr %launches, i64 %launch0, i64 %launch9, ptr %slots, i64 %chunk, i64 %t, ptr %scratch, ptr %watch, i64 %thread)
  br label %ran
ran:
  %d = load atomic i64, ptr %done monotonic, align 8
  %counted = lshr i64 %d, CHUNK_BITS
  %begun = icmp eq i64 %counted, %visit
  %so_far = select i1 %begun, i64 %d, i64 %tag
  %d1 = add i64 %so_far, 1
  %y = cmpxchg ptr %done, i64 %d, i64 %d1 seq_cst seq_cst
  %noted = extractvalue {i64, i1} %y, 1
  br i1 %noted, label %ended, label %ran
ended:
  %full = icmp eq i64 %d1, %target
  br i1 %full, label %tell, label %take
tell:
  call void @signal(ptr %done, ptr %control)
  br label %take
chain_end:
  %c1 = add i64 %c, 1
  br label %chain
stage_end:
  %g1 = add i64 %g, 1
  br label %stage
over:
  ret i64 DONE
leave:
  ret i64 %code
stopped:
  ret i64 CANCELLED
late:
  ret i64 AGAIN
faulty:
  ret i64 FAULTY
}
"""

WALK = """
define internal i64 @part(
    ptr %job, i64 %run, i64 %first, i64 %end, i64 %instance, i64 %t, i64 %deadline, i64 %thread, ptr %scratch
) noinline nounwind {
entry:
  %own = alloca [4 x i64], align 8
  %dones = pointer %job, COMPLETIONS
  %control = pointer %job, CONTROL
  %fate = place %job, FATE
  %mark = add i64 %run, 1
  put ptr %dones at %own, 0
  put i64 0 at %own, 1
  put i64 %mark at %own, 2
  put ptr %scratch at %own, 3
  %mode = alloca [2 x i32], align 8
  call void @calm(ptr %mode)
  %code = call i64 @items(ptr %job, ptr %own, i64 %first, i64 %end, i64 %instance, i64 %t, i64 %deadline, i64 %thread)
  %whole = icmp eq i64 %code, DONE
  br i1 %whole, label %last, label %broken
last:
  %before = pointer %own, 0
  %wanted = word %own, 1
  %until = call i64 @until(ptr %fate, i64 %mark, i64 %deadline)
  %end_code = call i64 @wait(ptr %before, i64 %wanted, ptr %control, ptr %fate, ptr @patience, i64 %until)
  call void @back(ptr %mode)
  ret i64 %end_code
broken:
  call void @back(ptr %mode)
  %faulty = icmp eq i64 %code, FAULTY
  %result = select i1 %faulty, i64 DONE, i64 %code
  ret i64 %result
}

define i64 @walk(ptr %job) nounwind {
entry:
  %run = word %job, RUN
  %first = word %job, FIRST
  %end = word %job, END
  %instance = word %job, INSTANCE
  %t = word %job, TRIP
  %scratch = pointer %job, SCRATCH
  %now = call i64 @now()
  %quantum = call i64 @quantum()
  %deadline = add i64 %now, %quantum
  %code = call i64 @part(ptr %job, i64 %run, i64 %first, i64 %end, i64 %instance, i64 %t, i64 %deadline, i64 0, ptr %scratch)
  %over = icmp ne i64 %code, AGAIN
  br i1 %over, label %leave, label %away
leave:
  call void @give_back(ptr %job)
  br label %away
away:
  ret i64 %code
}
"""

SERVE = """
define i64 @share(ptr %control, ptr %job) nounwind {
entry:
  %owner = place %control, OWNER
  %mine = ptrtoint ptr %job to i64
  %x = cmpxchg ptr %owner, i64 0, i64 %mine seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %publish, label %busy
busy:
  ret i64 BUSY
publish:
  %run_at = place %job, RUN
  %run = load <4 x i64>, ptr %run_at, align 8
  %epoch = load atomic i64, ptr %control acquire, align 8
  %next = add i64 %epoch, 1
  %ring = and i64 %next, RING_MASK
  %rows = place %control, RING
  %row = getelementptr [LINE x i64], ptr %rows, i64 %ring
  put ptr %job at %row, shared.job
  put <4 x i64> %run at %row, shared.run
  %trip = word %job, TRIP
  put i64 %trip at %row, shared.trip
  store atomic i64 %next, ptr %control seq_cst, align 8
  call void @signal(ptr %control, ptr %control)
  %code = call i64 @walk(ptr %job)
  ret i64 %code
}

; %seen is the worker's own word, in which it reports the last epoch it is through with
define void @serve(ptr %control, ptr %seen, i64 %number, ptr %scratch) nounwind {
entry:
  %stop = place %control, STOP
  %rows = place %control, RING
  br label %again
again:
  %last = phi i64 [0, %entry], [%epoch, %finished]
  %wanted = add i64 %last, 1
  %code = call i64 @wait(ptr %control, i64 %wanted, ptr %control, ptr %stop, ptr null, i64 0)
  %s = load atomic i64, ptr %stop acquire, align 8
  %over = icmp ne i64 %s, 0
  br i1 %over, label %quit, label %work
work:
  %epoch = load atomic i64, ptr %control acquire, align 8
  %ring = and i64 %epoch, RING_MASK
  %row = getelementptr [LINE x i64], ptr %rows, i64 %ring
  %job = pointer %row, shared.job
  %run = word %row, shared.run
  %first = word %row, shared.first
  %end = word %row, shared.end
  %instance = word %row, shared.instance
  %t = word %row, shared.trip
  fence seq_cst
  %now = load atomic i64, ptr %control seq_cst, align 8
  %present = icmp eq i64 %now, %epoch
  br i1 %present, label %join, label %finished
join:
  %c = call i64 @part(ptr %job, i64 %run, i64 %first, i64 %end, i64 %instance, i64 %t, i64 HIGHEST, i64 %number, ptr %scratch)
  br label %finished
finished:
  store atomic i64 %epoch, ptr %seen seq_cst, align 8
  br label %again
quit:
  store atomic i64 HIGHEST, ptr %seen seq_cst, align 8
  ret void
}

define i64 @ticks() nounwind {
entry:
  %t = call i64 @now()
  ret i64 %t
}

define void @poke(ptr %control) nounwind {
entry:
  %epoch = load atomic i64, ptr %control acquire, align 8
  %next = add i64 %epoch, 1
  store atomic i64 %next, ptr %control seq_cst, align 8
  call void @wake(ptr %control)
  ret void
}
"""
