//! The program `keyuan`: the command line, the server, and what happens without being asked.

pub mod demo;
pub mod export;
pub mod house;
pub mod import;
pub mod jobs;
pub mod pages;
pub mod serve;
pub mod users;
