//! The channel relay: ends the public side and forwards to the line.
