"""LLVM text of how a run ends, whatever stands: whether it may commit, and how it is broken off and settled.

compiler/llvm/executor.py says what it means and expands it; the walk is compiler/llvm/executor_walk.py.
"""

END = """
; 1: the run marked %mark may commit; 0: it was cancelled before it did
define internal i64 @commit(ptr %fate, i64 %mark) noinline nounwind {
entry:
  %f = load atomic i64, ptr %fate acquire, align 8
  %cancelled = icmp eq i64 %f, HIGHEST
  br i1 %cancelled, label %no, label %open
open:
  %already = icmp sge i64 %f, %mark
  br i1 %already, label %yes, label %try
try:
  %x = cmpxchg ptr %fate, i64 %f, i64 %mark seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %yes, label %entry_again
entry_again:
  %r = call i64 @commit(ptr %fate, i64 %mark)
  ret i64 %r
yes:
  ret i64 1
no:
  ret i64 0
}

; the deadline of a run, none once its commits have begun
define internal i64 @until(ptr %fate, i64 %mark, i64 %deadline) nounwind {
entry:
  %f = load atomic i64, ptr %fate monotonic, align 8
  %committed = icmp sge i64 %f, %mark
  %end = select i1 %committed, i64 HIGHEST, i64 %deadline
  ret i64 %end
}

; 1: the job is cancelled, no stage of it that commits was begun or will be; 0: one was
define internal i64 @cancel(ptr %job) noinline nounwind {
entry:
  %fate = place %job, FATE
  %run = word %job, RUN
  %mark = add i64 %run, 1
  %f = load atomic i64, ptr %fate acquire, align 8
  %committed = icmp eq i64 %f, %mark
  br i1 %committed, label %late, label %try
try:
  %x = cmpxchg ptr %fate, i64 %f, i64 HIGHEST seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %done, label %again
again:
  %r = call i64 @cancel(ptr %job)
  ret i64 %r
done:
  ret i64 CANCELLED
late:
  ret i64 DONE
}

; the pool is free again, if it was this job's
define internal void @give_back(ptr %job) noinline nounwind {
entry:
  %control = pointer %job, CONTROL
  %owner = place %control, OWNER
  %mine = ptrtoint ptr %job to i64
  %x = cmpxchg ptr %owner, i64 %mine, i64 0 seq_cst seq_cst
  ret void
}

; cancels the run that has the pool, if one has
define i64 @dismiss(ptr %control) nounwind {
entry:
  %owner = place %control, OWNER
  %o = load atomic i64, ptr %owner acquire, align 8
  %idle = icmp eq i64 %o, 0
  br i1 %idle, label %none, label %some
some:
  %job = inttoptr i64 %o to ptr
  %r = call i64 @cancel(ptr %job)
  ret i64 %r
none:
  ret i64 CANCELLED
}

; waits until every worker is through with all runs so far
define void @settle(ptr %control) noinline nounwind {
entry:
  %crew = pointer %control, CREW
  %size = word %control, CREW_SIZE
  %epoch = load atomic i64, ptr %control acquire, align 8
  br label %worker
worker:
  %n = phi i64 [1, %entry], [%n1, %through]
  %some = icmp slt i64 %n, %size
  br i1 %some, label %look, label %done
look:
  %seen = getelementptr [LINE x i64], ptr %crew, i64 %n
  br label %ask
ask:
  %s = load atomic i64, ptr %seen acquire, align 8
  %ok = icmp sge i64 %s, %epoch
  br i1 %ok, label %through, label %sleep
sleep:
  call void @sleep_on(ptr %seen, i64 %s, ptr @moment)
  br label %ask
through:
  %n1 = add i64 %n, 1
  br label %worker
done:
  ret void
}

define i64 @halt(ptr %job) nounwind {
entry:
  %cancelled = call i64 @cancel(ptr %job)
  %stopped = icmp ne i64 %cancelled, 0
  br i1 %stopped, label %settling, label %finish
finish:
  %run = word %job, RUN
  %first = word %job, FIRST
  %end = word %job, END
  %instance = word %job, INSTANCE
  %t = word %job, TRIP
  %scratch = pointer %job, SCRATCH
  %code = call i64 @part(ptr %job, i64 %run, i64 %first, i64 %end, i64 %instance, i64 %t, i64 HIGHEST, i64 0, ptr %scratch)
  br label %settling
settling:
  %control = pointer %job, CONTROL
  call void @settle(ptr %control)
  call void @give_back(ptr %job)
  ret i64 %cancelled
}
"""
