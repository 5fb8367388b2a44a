"""How clocks are armed and fired, by the suite's timers and by four other schedulers."""
