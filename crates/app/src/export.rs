//! Records as files from the command line.

use std::fs::{self, File};
use std::path::PathBuf;

use model::{Error, ExportTarget, Query, Result, Text};
use sheet::write::Format;

use crate::house::Place;

#[derive(clap::Args)]
pub struct Options {
    /// Code of the entity or report, e.g. customer
    entity: String,
    /// The file to write; its name ends in .xlsx or .csv
    file: PathBuf,
    /// Which records and in which order, as in the address of a list or report: 'class=A&sort=-created'
    #[arg(long, default_value = "")]
    query: String,
    /// Codes of the fields in their order; without it, the list's columns
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
}

pub fn run(place: &Place, options: &Options) -> Result<()> {
    let Options { entity, file, .. } = options;
    let name = file.to_string_lossy();
    let format = Format::of(&name).ok_or_else(|| Error::invalid("file", "unknown_choice"))?;
    let mut query = Query::parse(&options.query).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
    if !options.columns.is_empty() {
        query.columns.clone_from(&options.columns);
    }
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(".".as_ref());
    // A file of that name stays as it was until the new one is whole.
    let part = file.with_extension(format!("{}.part", format.ending()));
    let (db, actor) = (place.connect()?, place.actor());
    let written = (|| {
        let made = File::create(&part).map_err(|error| unwritten(&name, &error))?;
        let to = ExportTarget { format, file: made, folder };
        let rows = db.read(&actor, |desk| {
            if let Ok(report) = desk.report(entity) {
                let mut about = desk.about(report.fact, None, &options.query);
                about.title = report.label.of(actor.lang).to_owned();
                return desk.export_report(report, &query, to, about);
            }
            let about = desk.about(desk.entity(entity)?, None, &options.query);
            desk.export(entity, &query, to, about)
        })?;
        let (entity, said) = (entity.clone(), options.query.clone());
        db.write(&actor, move |desk| desk.take("export", &entity, &said, rows))?;
        fs::rename(&part, file).map_err(|error| unwritten(&name, &error))?;
        Ok(rows)
    })();
    db.store().close();
    match written {
        Ok(rows) => println!("{name}: {rows}"),
        // What was begun is of no use to anybody.
        Err(_) => drop(fs::remove_file(&part)),
    }
    written.map(drop)
}

fn unwritten(name: &str, error: &std::io::Error) -> Error {
    let says = Text::new(
        format!("不能写入文件 {name}：{error}。请换一个位置，或检查权限和磁盘。"),
        format!(
            "Can't write {name}: {error}. Choose another place, or look at its permissions and the disk."
        ),
    );
    Error::refused("file_not_written", says)
}
