//! Lists from the command line.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use model::import::{self, Counts, Duplicates, Near, Plan, Profile, Unknown, Verdict};
use model::system::{ImportBatch, JobStatus};
use model::{Desk, Error, Lang, Registry, Result, Text, message};
use sheet::columns::normalised;
use sheet::write::Format;

use crate::house::Place;
use crate::jobs::{House, LEASE};

/// Refusals and near duplicates that are printed.
const SHOWN: usize = 20;

#[derive(clap::Args)]
pub struct Options {
    /// Code of the entity, e.g. customer
    entity: String,
    /// Excel, OpenDocument or CSV file
    file: PathBuf,
    /// Fields and the headers of their columns: name=公司名称,contact.mobile=手机; `region=` leaves a field out
    #[arg(long, value_delimiter = ',', value_parser = pair)]
    map: Vec<(String, String)>,
    /// Fields by which a row finds the record that it changes, e.g. tax_number
    #[arg(long, value_delimiter = ',')]
    key: Vec<String>,
    /// How files of this kind are read: a profile of the program by name, e.g. online-retail, or a TOML file
    #[arg(long)]
    profile: Option<String>,
    /// What happens to rows that resemble a record: they become new ones (as usual), are skipped, or change it
    #[arg(long, value_parser = duplicates)]
    duplicates: Option<Duplicates>,
    /// What happens to codes that are not known: the row is refused (as usual), the code created, the field left empty
    #[arg(long, value_parser = unknown)]
    unknown: Option<Unknown>,
    /// Documents happened before: post them as of their dates, past the gates, and mark them so
    #[arg(long)]
    history: bool,
    /// Make the records that documents name and nobody knows, e.g. customer,product
    #[arg(long, value_delimiter = ',')]
    create: Vec<String>,
    /// What new records hold where the file says nothing, e.g. source=exhibition
    #[arg(long = "default", value_parser = pair)]
    defaults: Vec<(String, String)>,
    /// The sheet of a workbook; otherwise the first that has rows
    #[arg(long)]
    sheet: Option<String>,
    /// Write nothing, say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Write the refused rows with the reason into this .csv or .xlsx file
    #[arg(long)]
    errors: Option<PathBuf>,
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or_else(|| "field=value".to_owned())?;
    Ok((field.trim().to_owned(), value.trim().to_owned()))
}

fn duplicates(text: &str) -> std::result::Result<Duplicates, String> {
    match text {
        "new" => Ok(Duplicates::New),
        "skip" => Ok(Duplicates::Skip),
        "update" => Ok(Duplicates::Update),
        _ => Err("new, skip or update".to_owned()),
    }
}

fn unknown(text: &str) -> std::result::Result<Unknown, String> {
    match text {
        "refuse" => Ok(Unknown::Refuse),
        "create" => Ok(Unknown::Create),
        "empty" => Ok(Unknown::Empty),
        _ => Err("refuse, create or empty".to_owned()),
    }
}

/// What is told at the end.
#[derive(Default)]
struct Told {
    counts: Counts,
    /// Rows of the file, and whether they are lines of documents, which are counted then.
    rows: i64,
    documents: bool,
    near: Vec<(u64, String, Vec<Near>)>,
    refused: Vec<(u64, Text)>,
}

/// 0 when all rows are in, 3 when some were refused; an error, or a file without rows, is 1: nothing ran.
pub fn run(place: &Place, options: &Options) -> Result<ExitCode> {
    let db = place.open()?;
    let house = House { db: db.clone(), data: place.data.clone(), lang: place.lang() };
    let told = bring_in(place, &house, options);
    db.store().close();
    let told = told?;
    print(place.lang(), &told);
    Ok(match (told.counts.rows, told.counts.refused) {
        (0, _) => ExitCode::FAILURE,
        (_, 0) => ExitCode::SUCCESS,
        _ => ExitCode::from(3),
    })
}

fn bring_in(place: &Place, house: &House, options: &Options) -> Result<Told> {
    let (db, actor, lang) = (&house.db, place.actor(), place.lang());
    let name = options.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let source = options.file.canonicalize().map_err(|error| unopened(&name, &error))?;
    let sheet = options.sheet.clone().unwrap_or_default();
    let mut reader = import::open(source.as_path(), &name, &Plan { sheet, ..Plan::default() })?;
    let mut plan = db.read(&actor, |desk| desk.plan_for(desk.entity(&options.entity)?, &mut reader))?;
    plan.source = source.to_string_lossy().into_owned();
    if let Some(name) = &options.profile {
        let saved = db.read(&actor, |desk| desk.profiles(desk.entity(&plan.entity)?))?;
        match saved.into_iter().find(|it| it.name == *name) {
            Some(saved) => saved.profile,
            None => profile(db.registry(), name)?,
        }
        .fit(&mut plan)?;
    } else {
        // The words of this command decide, not what was decided in the last one.
        plan.columns.iter_mut().for_each(|it| it.unknown = Unknown::Refuse);
        plan.defaults.clear();
        plan.duplicates = Duplicates::New;
        (plan.history, plan.create, plan.opposite) = (false, Vec::new(), None);
        plan.columns.iter_mut().for_each(|it| (it.strip, it.prefix) = Default::default());
    }
    decide(&mut plan, options)?;
    for column in &plan.columns {
        let to = if column.to.is_empty() { "-" } else { &column.to };
        eprintln!("{} → {to}", column.header);
    }
    if options.dry_run {
        let preview = db.read(&actor, |desk| desk.preview(&plan, &mut reader, &place.data, SHOWN))?;
        let (counts, documents) = (preview.counts, plan.has_lines());
        let mut told = Told { counts, documents, rows: preview.rows, ..Told::default() };
        for it in preview.shown {
            let more = SHOWN.saturating_sub(told.refused.len());
            for row in it.rows.into_iter().filter(|it| !it.faults.is_empty()).take(more) {
                let says = message::both(&Error::Invalid(row.faults), db.registry(), &options.entity);
                told.refused.push((row.number, says));
            }
            if let Verdict::Near { alike, .. } = it.verdict {
                told.near.push((it.number, it.title, alike));
            }
        }
        return Ok(told);
    }
    let (headers, total, documents) =
        (import::signature(&reader), reader.estimate() as i64, plan.has_lines());
    drop(reader);
    let start = move |desk: &mut Desk| {
        let batch = desk.start_import(&name, &headers, &plan)?;
        let job = desk.run_import(batch, total)?;
        // A server beside has runners of its own; this one is ours unless we vanish.
        desk.hold_job(job, LEASE)?;
        Ok((batch, job))
    };
    let (batch, job) = db.write(&actor, start)?;
    let (told, last) = (RefCell::new(Told::default()), RefCell::new(Instant::now()));
    let watch = |job: &model::system::Job, piece: &import::Piece| {
        let mut told = told.borrow_mut();
        let more = SHOWN.saturating_sub(told.near.len());
        told.near.extend(piece.near.iter().take(more).cloned());
        told.counts.near += piece.counts.near;
        if last.borrow().elapsed() >= Duration::from_secs(1) {
            *last.borrow_mut() = Instant::now();
            eprintln!("{} / {}", job.done, job.total);
        }
    };
    house.run_one(Some(job), &|| false, &watch)?;
    let mut told = told.into_inner();
    let (it, job, refused) = db.read(&actor, |desk| {
        let refused = desk.wrong_rows(batch, 0, SHOWN)?;
        Ok((desk.import_batch(batch)?.0, desk.job(job)?, refused))
    })?;
    told.refused = refused.into_iter().map(|it| (it.number, it.reason)).collect();
    told.counts = counts(&it, told.counts.near);
    (told.rows, told.documents) = (job.done, documents);
    if job.status != JobStatus::Done {
        print(lang, &told);
        return Err(Error::refused("job_failed", message::said(&job.result)));
    }
    if let Some(file) = options.errors.as_ref().filter(|_| it.refused_rows > 0) {
        let name = file.to_string_lossy();
        let format = Format::of(&name).ok_or_else(|| Error::invalid("errors", "unknown_choice"))?;
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(".".as_ref());
        let made = File::create(file).map_err(|error| unopened(&name, &error))?;
        db.read(&actor, |desk| desk.wrong_file(batch, format, made, folder))?;
    }
    Ok(told)
}

fn counts(it: &ImportBatch, near: i64) -> Counts {
    let (new, updated, same) = (it.created_rows, it.updated_rows, it.same_rows);
    let (skipped, refused) = (it.skipped_rows, it.refused_rows);
    Counts { rows: new + updated + same + skipped + refused, new, updated, same, skipped, refused, near }
}

/// Puts what the command line says over what was guessed.
fn decide(plan: &mut Plan, options: &Options) -> Result<()> {
    for (field, header) in &options.map {
        plan.columns.iter_mut().filter(|it| it.to == *field).for_each(|it| it.to.clear());
        if header.is_empty() {
            continue;
        }
        let exact = plan.columns.iter().position(|it| it.header.trim() == header);
        let at =
            exact.or_else(|| plan.columns.iter().position(|it| normalised(&it.header) == normalised(header)));
        let at = at.ok_or_else(|| import::no_column(header))?;
        plan.columns[at].to.clone_from(field);
    }
    if !options.key.is_empty() {
        plan.keys.clone_from(&options.key);
    }
    plan.keys.retain(|key| options.key.contains(key) || plan.columns.iter().any(|it| it.to == *key));
    if let Some(key) = plan.keys.iter().find(|key| !plan.columns.iter().any(|it| it.to == **key)) {
        let says = Text::new(
            format!("没有列对应到用来查找的字段 {key}"),
            format!("No column goes to the key {key}"),
        );
        return Err(Error::refused("unknown_column", says));
    }
    if plan.columns.iter().all(|it| it.to.is_empty()) {
        let says = Text::new(
            "没有一列能对应到字段，请用 --map 指定",
            "No column goes to any field; name them with --map",
        );
        return Err(Error::refused("unknown_column", says));
    }
    if let Some(unknown) = options.unknown {
        plan.columns.iter_mut().for_each(|it| it.unknown = unknown);
    }
    plan.defaults.extend(options.defaults.iter().cloned());
    plan.duplicates = options.duplicates.unwrap_or(plan.duplicates);
    plan.history |= options.history;
    plan.create.extend(options.create.iter().cloned());
    Ok(())
}

/// A profile in a file.
fn profile(registry: Registry, name: &str) -> Result<Profile> {
    match std::fs::read_to_string(name) {
        Ok(text) => Profile::read(&text),
        // The folder of the program's own, from wherever it is called.
        Err(error) => {
            let own = name.strip_prefix("profiles/").and_then(|it| it.strip_suffix(".toml"));
            own.and_then(|it| Profile::named(registry, it).ok()).ok_or_else(|| unopened(name, &error))
        }
    }
}

fn print(lang: Lang, told: &Told) {
    let it = told.counts;
    let mut out = std::io::stdout().lock();
    let mut say = |zh: String, en: String| {
        // Whoever reads may have gone.
        let _ = writeln!(out, "{}", if lang == Lang::Zh { zh } else { en });
    };
    for (row, reason) in &told.refused {
        say(format!("第 {row} 行：{}", reason.zh), format!("Row {row}: {}", reason.en));
    }
    for (row, title, alike) in &told.near {
        let one = |near: &Near| match near.id {
            0 => (format!("第 {} 行 {}", near.row, near.title), format!("row {} {}", near.row, near.title)),
            id => (format!("#{id} {}", near.title), format!("#{id} {}", near.title)),
        };
        let all: Vec<_> = alike.iter().map(one).collect();
        let zh: Vec<_> = all.iter().map(|it| it.0.as_str()).collect();
        let en: Vec<_> = all.iter().map(|it| it.1.as_str()).collect();
        say(
            format!("第 {row} 行 {title}：疑似重复 {}", zh.join("，")),
            format!("Row {row} {title}: resembles {}", en.join(", ")),
        );
    }
    let count = match told.documents {
        false => Text::new(format!("{} 行", it.rows), format!("{} rows", it.rows)),
        true => Text::new(
            format!("{} 张单据（{} 行）", it.rows, told.rows),
            format!("{} documents ({} rows)", it.rows, told.rows),
        ),
    };
    say(
        format!(
            "共 {}：新建 {}，更新 {}，相同 {}，跳过 {}，错误 {}，疑似重复 {}",
            count.zh, it.new, it.updated, it.same, it.skipped, it.refused, it.near
        ),
        format!(
            "{}: {} new, {} updated, {} same, {} skipped, {} refused, {} near duplicates",
            count.en, it.new, it.updated, it.same, it.skipped, it.refused, it.near
        ),
    );
}

fn unopened(name: &str, error: &std::io::Error) -> Error {
    let says = Text::new(format!("不能打开文件 {name}：{error}"), format!("Can't open {name}: {error}"));
    Error::refused("file_not_opened", says)
}
