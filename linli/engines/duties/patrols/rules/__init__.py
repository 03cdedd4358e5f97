"""What patrols decide: codes that rotate, slots of a shift, a lone volunteer's clock, what was covered. Pure."""
