//! Tests of the program as a whole, as a process of its own.

mod faults;
mod moves;
mod program;
