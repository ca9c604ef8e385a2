//! Finding records by what people type: any part of the Chinese text, initials, pinyin, Latin words, digits.
//!
//! One record becomes a line of tokens, the same for both databases: bigrams of the Han characters, bigrams of the
//! letters (a Han character counts as the initial of its syllable), and syllables. What was typed becomes phrases of
//! those tokens. Nothing here knows a database; FTS5 takes the line with `tokenize='unicode61 remove_diacritics 0'`
//! and PostgreSQL with a cast (`$1::tsvector`, `$1::tsquery`).

mod pinyin;
mod query;
mod text;
mod tokens;

pub use pinyin::{Reading, initials, name_sort_key, readings, sort_key};
pub use query::{Query, highlight, matches, query, rank};
pub use tokens::{Source, Tokens, document};
