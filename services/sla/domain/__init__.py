"""What a deadline is and when it is due: calendar, policy, clocks. Pure; time is passed in."""
