"""What a case is and what may happen to it: values, rules, transitions. Pure; time is passed in."""
