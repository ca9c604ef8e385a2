//! The program `keyuan`: the command line, the server, and what happens without being asked.

pub mod demo;
pub mod house;
pub mod jobs;
pub mod serve;
pub mod users;
