//! One-time codes by the clock (RFC 6238): HMAC-SHA-1, six digits, thirty seconds.

use base::Lang;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use model::{Error, Result};
use qrcode::QrCode;
use qrcode::render::svg;
use sha1::Sha1;

const STEP: u64 = 30;

/// A new secret of 160 bits, as authenticators take it.
pub fn secret() -> Result<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(BASE32_NOPAD.encode(&bytes))
}

/// The step whose code this is: of now, or of the one before or after, since clocks differ.
pub fn step_of(secret: &str, code: &str, seconds: u64) -> Option<u64> {
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let now = seconds / STEP;
    (now.saturating_sub(1)..=now + 1).find(|step| at(secret, *step).as_deref() == Some(&code))
}

/// The code of a step.
pub fn at(secret: &str, step: u64) -> Option<String> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let from = usize::from(digest[19] & 15);
    let word = digest[from..from + 4].iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    Some(format!("{:06}", (word & 0x7fff_ffff) % 1_000_000))
}

/// The picture that an authenticator reads, as SVG.
pub fn picture(secret: &str, login: &str, lang: Lang) -> Result<String> {
    let house = if lang == Lang::Zh { "%E5%AE%A2%E6%BA%90" } else { "Keyuan" };
    let address =
        format!("otpauth://totp/{house}:{}?secret={secret}&issuer={house}", crate::visitor::percent(login));
    let code = QrCode::new(address).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(code.render::<svg::Color>().min_dimensions(180, 180).quiet_zone(true).build())
}
