//! Passwords: Argon2id, slow on purpose, so never on a thread that others wait for.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use model::{Error, Label, Result};

/// What the database keeps: Argon2id with 19 MiB, two passes, one lane, and a salt of its own.
pub fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|it| it.to_string()).map_err(|error| Error::Internal(error.to_string()))
}

/// Whether the password is the one that was hashed. It takes as long where there is nobody to compare with.
pub fn matches(password: &str, kept: Option<&str>) -> bool {
    /// Of a password that nobody knows.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$a2V5dWFuLW5vYm9keQ$Ws0LPiZ5CJmvWOxhFVzvVnzzKxPSZWDNlDBRRdrRsLo";
    let found = PasswordHash::new(kept.filter(|it| !it.is_empty()).unwrap_or(NOBODY));
    let same = found.is_ok_and(|it| Argon2::default().verify_password(password.as_bytes(), &it).is_ok());
    same && kept.is_some_and(|it| !it.is_empty())
}

/// A password that somebody may choose: long enough, and not the login.
pub fn check(password: &str, login: &str) -> Result<()> {
    let says = if password.chars().count() < 8 {
        Label { zh: "密码至少 8 个字符", en: "A password has at least 8 characters" }
    } else if password.len() > 200 {
        Label { zh: "密码太长", en: "The password is too long" }
    } else if password.eq_ignore_ascii_case(login) {
        Label { zh: "密码不能与登录名相同", en: "The password can't be the login" }
    } else {
        return Ok(());
    };
    Err(Error::fault("password", "weak_password", says))
}
