//! `make bench`: the figures of `docs/performance.md`. Everything is in `benches/house`.
