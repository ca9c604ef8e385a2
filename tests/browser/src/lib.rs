//! What the tests in the browser share: the built program on data of its own, and a real Chromium in front of it.

#![expect(clippy::result_large_err, reason = "the driver's own error is that large")]

mod browser;
mod driver;
mod house;

pub use browser::{Browser, DESKTOP, GUIDE, PHONE, Screen, visit};
pub use house::House;
