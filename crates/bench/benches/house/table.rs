//! What was measured, beside what it should be.

#[derive(Default)]
pub struct Table(Vec<[String; 5]>);

impl Table {
    /// A figure with its budget; `ok` says whether it is within.
    pub fn add(&mut self, what: &str, kind: &str, found: String, budget: &str, ok: Option<bool>) {
        let verdict = match ok {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        eprintln!("{what} | {kind} | {found} | {budget} | {verdict}");
        self.0.push([what, kind, &found, budget, verdict].map(str::to_owned));
    }

    pub fn text(&self) -> String {
        let mut text = "| what | database | measured | budget | within |\n|---|---|---|---|---|\n".to_owned();
        self.0.iter().for_each(|row| text += &format!("| {} |\n", row.join(" | ")));
        text
    }
}
