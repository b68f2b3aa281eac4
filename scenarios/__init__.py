"""The rehearsal itself: clock, world, firm, fault plan, history, oracle, runner, reports and the command line."""
