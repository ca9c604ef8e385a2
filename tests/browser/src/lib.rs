//! Real Chromium does the day's work.
