"""LLVM text of how the executor walks loops that nest, and decides whether one goes on.

compiler/llvm/executor.py says what it means and expands it; the stages themselves are compiler/llvm/executor_walk.py.
"""

# 1: iteration %t of a loop runs; 0: it does not, the loop is over; -1, -2, -4: the walk is, with that code
DECIDE = """
define internal i64 @decide(ptr %job, ptr %own, ptr %row, i64 %item, i64 %instance, i64 %around, i64 %t, i64 %deadline) noinline nounwind {
entry:
  %slots = pointer %job, SLOTS
  %control = pointer %job, CONTROL
  %fate = place %job, FATE
  %faults = pointer %job, NOTED
  %decisions = pointer %job, DECISIONS
  %decision = getelementptr [LINE x i64], ptr %decisions, i64 %item
  %kind = word %row, item.kind
  %most = word %row, item.trips
  %begin = mul i64 %instance, %most
  %number = add i64 %begin, %t
  %number1 = add i64 %number, 1
  %goes = shl i64 %number1, 1
  %ends = or i64 %goes, 1
  %behind = add i64 %begin, %most
  %last = shl i64 %behind, 1
  %last1 = or i64 %last, 1
  br label %look
look:
  %d = load atomic i64, ptr %decision acquire, align 8
  %past = icmp sgt i64 %d, %last1
  br i1 %past, label %no, label %within
within:
  %known = icmp sge i64 %d, %goes
  br i1 %known, label %told, label %ready
told:
  %is_end = icmp eq i64 %d, %ends
  br i1 %is_end, label %no, label %yes
ready:
  %before = pointer %own, 0
  %wanted = word %own, 1
  %mark = word %own, 2
  %until = call i64 @until(ptr %fate, i64 %mark, i64 %deadline)
  %code = call i64 @wait(ptr %before, i64 %wanted, ptr %control, ptr %fate, ptr @patience, i64 %until)
  %there = icmp eq i64 %code, DONE
  br i1 %there, label %judge, label %leave
judge:
  %fault = load atomic i64, ptr %faults monotonic, align 8
  %wrong = icmp ne i64 %fault, 0
  br i1 %wrong, label %faulty, label %read
read:
  %slot = word %row, item.slot
  %offset = word %row, item.offset
  %step = word %row, item.step
  %moved = mul i64 %step, %around
  %by = add i64 %offset, %moved
  %base_at = getelementptr ptr, ptr %slots, i64 %slot
  %base = load ptr, ptr %base_at, align 8
  %flag_at = getelementptr i8, ptr %base, i64 %by
  %flag = load i8, ptr %flag_at, align 1
  %set = icmp ne i8 %flag, 0
  %inverted = icmp eq i64 %kind, UNTIL_ITEM
  %go = xor i1 %set, %inverted
  %new = select i1 %go, i64 %goes, i64 %ends
  %x = cmpxchg ptr %decision, i64 %d, i64 %new seq_cst seq_cst
  %won = extractvalue {i64, i1} %x, 1
  br i1 %won, label %mine, label %look
mine:
  %went = zext i1 %go to i64
  ret i64 %went
yes:
  ret i64 1
no:
  ret i64 0
leave:
  %minus = sub i64 0, %code
  ret i64 %minus
faulty:
  ret i64 -FAULTY
}
"""

ITEMS = """
define internal i64 @items(ptr %job, ptr %own, i64 %first, i64 %end, i64 %instance, i64 %t, i64 %deadline, i64 %thread) noinline nounwind {
entry:
  %rows = pointer %job, ITEMS
  br label %item
item:
  %s = phi i64 [%first, %entry], [%s1, %item_end]
  %some = icmp slt i64 %s, %end
  br i1 %some, label %item_in, label %over
item_in:
  %row = getelementptr [item.words x i64], ptr %rows, i64 %s
  %kind = word %row, item.kind
  %from = word %row, item.first
  %to = word %row, item.end
  %is_loop = icmp ne i64 %kind, STAGES_ITEM
  br i1 %is_loop, label %loop, label %run_stages
run_stages:
  %r = call i64 @stages(ptr %job, ptr %own, i64 %from, i64 %to, i64 %instance, i64 %t, i64 %deadline, i64 %thread)
  %fine = icmp eq i64 %r, DONE
  br i1 %fine, label %item_end, label %failed
failed:
  ret i64 %r
loop:
  %trips = word %row, item.trips
  %asks = icmp ne i64 %kind, LOOP_ITEM
  %inner0 = mul i64 %instance, %trips
  %decisions = pointer %job, DECISIONS
  %decision = getelementptr [LINE x i64], ptr %decisions, i64 %s
  %noted = load atomic i64, ptr %decision acquire, align 8
  %lowest = add i64 %inner0, 1
  %number1 = ashr i64 %noted, 1
  %reached = sub i64 %number1, %lowest
  %past = icmp sge i64 %reached, %trips
  br i1 %past, label %passed, label %enter
passed:
  %real = icmp sgt i64 %trips, 0
  br i1 %real, label %item_end, label %enter
enter:
  %begun = icmp sgt i64 %reached, 0
  %far = select i1 %begun, i64 %reached, i64 0
  br label %trip
trip:
  %k = phi i64 [%far, %enter], [%k1, %trip_end]
  %again = icmp slt i64 %k, %trips
  br i1 %again, label %ask, label %all
ask:
  br i1 %asks, label %decide, label %stride
stride:
  %low = and i64 %k, 1023
  %mark_here = icmp eq i64 %low, 1023
  br i1 %mark_here, label %note, label %trip_in
note:
  %here = add i64 %inner0, %k
  %here2 = shl i64 %here, 1
  %told = atomicrmw max ptr %decision, i64 %here2 seq_cst
  br label %trip_in
decide:
  %go = call i64 @decide(ptr %job, ptr %own, ptr %row, i64 %s, i64 %instance, i64 %t, i64 %k, i64 %deadline)
  %stop = icmp slt i64 %go, 0
  br i1 %stop, label %broken, label %answer
answer:
  %yes = icmp ne i64 %go, 0
  br i1 %yes, label %trip_in, label %item_end
trip_in:
  %inner = add i64 %inner0, %k
  %q = call i64 @items(ptr %job, ptr %own, i64 %from, i64 %to, i64 %inner, i64 %k, i64 %deadline, i64 %thread)
  %good = icmp eq i64 %q, DONE
  br i1 %good, label %trip_end, label %fell
fell:
  ret i64 %q
trip_end:
  %k1 = add i64 %k, 1
  br label %trip
all:
  %endless = word %row, item.endless
  %too_many = icmp ne i64 %endless, 0
  br i1 %too_many, label %gave_up, label %item_end
item_end:
  %s1 = add i64 %s, 1
  br label %item
over:
  ret i64 DONE
broken:
  %minus = sub i64 0, %go
  ret i64 %minus
gave_up:
  ret i64 WITHOUT_END
}
"""
