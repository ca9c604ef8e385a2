//! Writes lists for spreadsheet programs.

/// What a spreadsheet program may take for the beginning of a formula.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Takes away the apostrophe that `guarded` put before a text that looks like a formula.
pub fn bare(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(STARTS) => rest,
        _ => text,
    }
}
