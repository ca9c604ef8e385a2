//! What the tests in the browser share: the built program on data of its own, and a real Chromium in front of it.

mod browser;
mod driver;
mod house;

pub use browser::{Browser, DESKTOP, PHONE, Screen, visit};
pub use house::House;
