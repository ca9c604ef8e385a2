//! The day's work in a real browser. One program for all of it, so that one driver serves all.

mod access;
mod card;
mod day;
mod document;
mod guide;
mod keyboard;
mod list;
mod login;
mod trade;
