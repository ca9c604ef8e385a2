//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use app::house::{Place, plan};
use app::{demo, export, import, serve, users};
use clap::{Parser, Subcommand};
use model::{Label, Result};
use store::archive;

/// Keyuan 客源: a customer-resource-management system
#[derive(Parser)]
#[command(name = "keyuan", version)]
struct Program {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the company's data
    Serve(serve::Options),
    /// Load the demo company
    Demo {
        /// Throw the demo's data away and load them anew
        #[arg(long)]
        reset: bool,
        /// Serve it afterwards
        #[arg(long)]
        serve: bool,
        #[command(flatten)]
        options: serve::Options,
    },
    /// Bring the rows of an Excel, OpenDocument or CSV file in: exits 0 when all are in, 3 when some were refused, 1 when
    /// nothing ran
    Import(import::Options),
    /// Write the records of an entity into an Excel or CSV file
    Export(export::Options),
    /// Write everything into one portable archive
    Backup { file: PathBuf },
    /// Read an archive into an empty database
    Restore {
        file: PathBuf,
        /// Put it in the place of what is there; the server must be stopped
        #[arg(long)]
        replace: bool,
    },
    /// Check the database, its files and its ledgers: exits 0 when all is well, 1 when not
    Verify,
    /// Users and their passwords
    #[command(subcommand)]
    User(users::Command),
    /// Bring the database to this program's schema, or put back a snapshot taken before an upgrade
    Migrate {
        #[arg(long, value_name = "SNAPSHOT")]
        back: Option<PathBuf>,
    },
}

/// The files that rows refer to.
const ATTACHED: &str = "SELECT DISTINCT hash FROM attachment";

fn main() -> ExitCode {
    let program = Program::parse();
    // A command tells what it did in its own words.
    let (json, level) = match &program.command {
        Command::Serve(options) | Command::Demo { options, .. } => (options.log_json, "info"),
        _ => (false, "warn"),
    };
    serve::logs(json, level);
    match run(&program.place, program.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", program.place.says(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(place: &Place, command: Command) -> Result<ExitCode> {
    let lang = place.lang();
    let say = |zh, en| println!("{}", Label { zh, en }.of(lang));
    match command {
        Command::Serve(options) => serve::serve(place, place.open()?, &options)?,
        Command::Demo { reset, serve, options } => {
            let db = demo::open(place, reset)?;
            if serve {
                serve::serve(place, db, &options)?;
            } else {
                say("演示数据已就绪", "The demo is ready");
                db.store().close();
            }
        }
        Command::Import(options) => return import::run(place, &options),
        Command::Export(options) => export::run(place, &options)?,
        Command::Backup { file } => {
            let db = place.connect()?;
            let made = archive::backup(db.store(), &plan()?, Some(&place.files()), &file)?;
            db.store().close();
            let rows: i64 = made.tables.values().map(|it| it.rows).sum();
            println!("{}: {rows} rows, {} files", file.display(), made.files.len());
        }
        Command::Restore { file, replace } => {
            archive::restore(&file, &place.address(), &plan()?, Some(&place.files()), replace)?;
            say("已恢复", "Restored");
        }
        Command::Verify => {
            let db = place.connect()?;
            let found = store::verify(
                db.store(),
                &plan()?,
                Some(domain::REGISTRY),
                Some(&place.files()),
                Some(ATTACHED),
            )?;
            db.store().close();
            if found.is_empty() {
                say("检查通过", "All is well");
                return Ok(ExitCode::SUCCESS);
            }
            found.iter().for_each(|it| println!("{it:?}"));
            return Ok(ExitCode::FAILURE);
        }
        Command::User(command) => users::run(place, command)?,
        Command::Migrate { back: Some(snapshot) } => {
            store::go_back(&snapshot, &place.address(), &plan()?)?;
            say("已回到升级前的数据", "The data are as before the upgrade");
        }
        Command::Migrate { back: None } => {
            place.connect()?.store().close();
            say("数据库结构已是最新", "The database has this program's schema");
        }
    }
    Ok(ExitCode::SUCCESS)
}
