//! PostgreSQL through the blocking client.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::thread;
use std::time::Duration;

use model::{Cell, Conn, Dialect, Error, Result, Row, Value};
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::private::BytesMut;
use postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

use crate::store::{Link, Mode};

/// Statements of one age; there are two ages.
const STATEMENTS: usize = 128;

pub(crate) struct Postgres {
    config: Config,
    schema: Option<String>,
    live: Option<Live>,
    /// The transaction's own number: it tells what became of a commit whose answer was lost.
    xid: String,
}

struct Live {
    client: Client,
    /// What was used lately, and what was used before that: the older half is forgotten when the younger is full.
    young: HashMap<String, Statement>,
    old: HashMap<String, Statement>,
}

impl Postgres {
    pub fn open(url: &str) -> Result<Postgres> {
        let (url, schema) = split(url)?;
        let mut config: Config =
            url.parse().map_err(|_| Error::Internal("not a PostgreSQL address".into()))?;
        if config.get_application_name().is_none() {
            config.application_name("keyuan");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        config.tcp_user_timeout(Duration::from_secs(30));
        let mut postgres = Postgres { config, schema, live: None, xid: String::new() };
        postgres.live()?;
        Ok(postgres)
    }

    /// The connection, a new one if the last was lost.
    fn live(&mut self) -> Result<&mut Live> {
        if self.live.as_ref().is_none_or(|live| live.client.is_closed()) {
            let mut client = self.config.connect(NoTls).map_err(|failure| match failure.as_db_error() {
                // A wrong password or name will not get better by waiting.
                Some(_) if !lost(&failure) => error(failure),
                _ => {
                    tracing::warn!(%failure, "PostgreSQL does not answer");
                    Error::Gone
                }
            })?;
            if let Some(schema) = &self.schema {
                client.batch_execute(&format!("SET search_path TO \"{schema}\"")).map_err(error)?;
            }
            self.live = Some(Live { client, young: HashMap::new(), old: HashMap::new() });
        }
        self.live.as_mut().ok_or(Error::Gone)
    }

    fn simple(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>> {
        self.live()?.client.simple_query(sql).map_err(error)
    }

    /// What became of a commit whose answer was lost.
    fn committed(&mut self) -> Result<()> {
        self.live = None;
        let ask = format!("SELECT pg_xact_status('{}')", self.xid);
        for _ in 0..100 {
            match self.simple(&ask).map(|rows| first(&rows)).as_ref().map(String::as_str) {
                Ok("committed") => return Ok(()),
                Ok("aborted") => return Err(Error::Gone),
                // The server is away, or it has not yet noticed that we were.
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
        tracing::error!(xid = self.xid, "nobody can tell what became of this transaction");
        Err(Error::Internal("the database was lost during a commit".into()))
    }
}

/// Makes the schema that an address names, if it is not there.
pub(crate) fn make_schema(url: &str) -> Result<()> {
    let mut postgres = Postgres::open(url)?;
    let Some(schema) = postgres.schema.clone() else { return Ok(()) };
    // Asked first, since making what is there takes a right, too.
    let there = format!("SELECT 1 FROM pg_namespace WHERE nspname = '{schema}'");
    let there = postgres.simple(&there)?.iter().any(|it| matches!(it, SimpleQueryMessage::Row(_)));
    if there { Ok(()) } else { postgres.simple(&format!("CREATE SCHEMA \"{schema}\"")).map(drop) }
}

/// The address without our own word in it, and the schema that this named.
fn split(url: &str) -> Result<(String, Option<String>)> {
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), None)) };
    let (own, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| part.starts_with("schema="));
    let schema = own.first().and_then(|part| part.strip_prefix("schema="));
    if let Some(schema) = schema {
        model::schema::identifier(schema)?;
    }
    let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    Ok((url, schema.map(str::to_owned)))
}

fn first(messages: &[SimpleQueryMessage]) -> String {
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap_or_default().to_owned()
}

impl Live {
    fn statement(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.young.get(sql) {
            return Ok(statement.clone());
        }
        let statement = match self.old.remove(sql) {
            Some(statement) => statement,
            None => {
                let statement = self.client.prepare(sql).map_err(error)?;
                let strange = statement.columns().iter().find(|column| !readable(column.type_()));
                if let Some(column) = strange {
                    let (name, ty) = (column.name(), column.type_());
                    return Err(Error::Internal(format!("column {name} is {ty}, cast it: {sql}")));
                }
                statement
            }
        };
        if self.young.len() == STATEMENTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Link for Postgres {
    fn begin(&mut self, mode: Mode) -> Result<()> {
        let begin = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write | Mode::Scratch => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()"
            }
        };
        let begun = match self.simple(begin) {
            // It was cut while nobody looked: that costs nobody anything.
            Err(Error::Gone) => {
                self.live = None;
                self.simple(begin)?
            }
            begun => begun?,
        };
        self.xid = first(&begun);
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        // COMMIT of a transaction that has failed is a silent rollback; the SELECT is not silent.
        match self.simple("SELECT 1; COMMIT") {
            Err(Error::Gone) => self.committed(),
            result => result.map(drop),
        }
    }

    fn rollback(&mut self) {
        if let Some(live) = &mut self.live
            && live.client.batch_execute("ROLLBACK").is_err()
        {
            self.live = None;
        }
    }
}

impl Conn for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        each: &mut dyn FnMut(&dyn Row) -> Result<()>,
    ) -> Result<()> {
        let live = self.live.as_mut().ok_or(Error::Gone)?;
        let statement = live.statement(sql)?;
        // Without value or limit it may be a whole table: row by row, which costs twice as much but no memory.
        if values.is_empty() && !sql.contains(" LIMIT ") {
            let mut rows = live.client.query_raw(&statement, values.iter().map(Bound)).map_err(error)?;
            while let Some(row) = rows.next().map_err(error)? {
                each(&PostgresRow(&row))?;
            }
            return Ok(());
        }
        let values: Vec<_> = values.iter().map(Bound).collect();
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = live.client.query(&statement, &values).map_err(error)?;
        rows.iter().try_for_each(|row| each(&PostgresRow(row)))
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let live = self.live.as_mut().ok_or(Error::Gone)?;
        // What has no values is a savepoint or a change of the schema: nothing to prepare.
        if values.is_empty() {
            let done = live.client.simple_query(sql).map_err(error)?;
            return Ok(done
                .iter()
                .map(|it| if let SimpleQueryMessage::CommandComplete(n) = it { *n } else { 0 })
                .sum());
        }
        let statement = live.statement(sql)?;
        let values: Vec<_> = values.iter().map(Bound).collect();
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        live.client.execute(&statement, &values).map_err(error)
    }
}

#[derive(Debug)]
struct Bound<'a>(&'a Value);

/// The server says what it wants; an integer goes as that, never as a guess.
impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self.0, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(int), &Type::INT8) => int.to_sql(ty, out),
            (Value::Int(int), &Type::INT4) => i32::try_from(*int)?.to_sql(ty, out),
            (Value::Int(int), &Type::INT2) => i16::try_from(*int)?.to_sql(ty, out),
            (Value::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(ty, out),
            (Value::Int(_), _) => Err(format!("a whole number where PostgreSQL wants {ty}: cast it").into()),
            (Value::Text(_), _) => Err(format!("a text where PostgreSQL wants {ty}: cast it").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

fn readable(ty: &Type) -> bool {
    let known =
        [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::TEXT, Type::VARCHAR, Type::NAME, Type::VOID];
    known.contains(ty)
}

struct PostgresRow<'a>(&'a postgres::Row);

impl Row for PostgresRow<'_> {
    fn cell(&self, n: usize) -> Cell<'_> {
        let int = |int: Option<i64>| int.map_or(Cell::Null, Cell::Int);
        match *self.0.columns()[n].type_() {
            Type::INT8 => int(self.0.get(n)),
            Type::INT4 => int(self.0.get::<_, Option<i32>>(n).map(i64::from)),
            Type::INT2 => int(self.0.get::<_, Option<i16>>(n).map(i64::from)),
            Type::BOOL => int(self.0.get::<_, Option<bool>>(n).map(i64::from)),
            Type::VOID => Cell::Null,
            _ => self.0.get::<_, Option<&str>>(n).map_or(Cell::Null, Cell::Text),
        }
    }

    fn width(&self) -> usize {
        self.0.len()
    }
}

/// The server or the way to it has gone, so what was under way did not happen.
fn lost(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => code.code().starts_with("08") || ["57P01", "57P02", "57P03"].contains(&code.code()),
        None => error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>()),
    }
}

fn error(error: postgres::Error) -> Error {
    if lost(&error) {
        return Error::Gone;
    }
    let Some(failure) = error.as_db_error() else {
        let why = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        return Error::Internal(why);
    };
    match failure.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Error::Again,
        // The unique index is named after its place.
        &SqlState::UNIQUE_VIOLATION => {
            Error::Duplicate { place: failure.constraint().unwrap_or_default().to_owned() }
        }
        &SqlState::FOREIGN_KEY_VIOLATION => Error::InUse(Vec::new()),
        &SqlState::DISK_FULL => Error::Full,
        code => Error::Internal(format!("{} {}", code.code(), failure.message())),
    }
}
