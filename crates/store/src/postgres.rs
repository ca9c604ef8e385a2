//! PostgreSQL, as few round trips as can be: what has no answer that anybody waits for goes along with the next question.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::pin::pin;
use std::thread;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use model::{Cell, Conn, Dialect, Error, Result, Row, Value};
use tokio::runtime::{self, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

use crate::store::{Link, Mode};

/// Statements of one age; there are two ages.
const STATEMENTS: usize = 128;

pub(crate) struct Postgres {
    config: Config,
    schema: Option<String>,
    live: Option<Live>,
    /// The transaction's own number: it tells what became of a commit whose answer was lost.
    xid: String,
    /// Begins, savepoints and posted writes that go with the next statement.
    ahead: Vec<(String, Vec<Value>)>,
    /// Nothing of the transaction has been sent yet.
    fresh: bool,
    /// It only reads: nobody waits for its end.
    reads: bool,
}

/// Plain text, or a statement with its values.
type Part<'a> = (String, Option<(Statement, &'a [Value])>);

struct Live {
    /// Runs the connection, while somebody waits for it.
    hands: Runtime,
    client: Client,
    /// The server's own processes. After a crash they are others, and numbers of transactions may be given anew.
    crew: String,
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
        let (live, xid, ahead) = (None, String::new(), Vec::new());
        let mut postgres = Postgres { config, schema, live, xid, ahead, fresh: true, reads: true };
        postgres.live()?;
        Ok(postgres)
    }

    /// The connection, a new one if the last was lost.
    fn live(&mut self) -> Result<&mut Live> {
        if self.live.as_ref().is_none_or(|live| live.client.is_closed()) {
            let hands = runtime::Builder::new_current_thread().enable_all().build();
            let hands = hands.map_err(|error| Error::Internal(format!("no run time: {error}")))?;
            let connected = hands.block_on(self.config.connect(NoTls));
            let (client, connection) = connected.map_err(|failure| match failure.as_db_error() {
                // A wrong password or name will not get better by waiting.
                Some(_) if !lost(&failure) => error(failure),
                _ => {
                    tracing::warn!(%failure, "PostgreSQL does not answer");
                    Error::Gone
                }
            })?;
            hands.spawn(connection);
            // Compiling a statement takes longer than any of ours runs.
            let mut settings = "SET jit = off".to_owned();
            if let Some(schema) = &self.schema {
                settings += &format!("; SET search_path TO \"{schema}\"");
            }
            settings +=
                "; SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE datid IS NULL";
            let crew = first(&hands.block_on(client.simple_query(&settings)).map_err(error)?);
            self.live = Some(Live { hands, client, crew, young: HashMap::new(), old: HashMap::new() });
        }
        self.live.as_mut().ok_or(Error::Gone)
    }

    fn simple(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>> {
        let live = self.live()?;
        live.hands.block_on(live.client.simple_query(sql)).map_err(error)
    }

    /// Sends what goes ahead and `ask`, and waits for both. A connection that was cut while nobody looked costs
    /// nobody anything: it is a new one before the first statement of a transaction.
    fn send<R>(
        &mut self,
        sql: Option<&str>,
        ask: impl AsyncFn(&Client, Option<Statement>) -> Result<R>,
    ) -> Result<R> {
        if let Some(sql) = sql {
            self.prepare(sql)?;
        }
        let ahead = std::mem::take(&mut self.ahead);
        let mut result = self.try_send(&ahead, sql, &ask);
        if matches!(result, Err(Error::Gone)) && self.fresh {
            self.live = None;
            result = self.live().and(Ok(())).and_then(|()| self.try_send(&ahead, sql, &ask));
        }
        self.fresh = false;
        result
    }

    /// A statement that may turn out to be wrong is prepared behind what goes ahead: a savepoint has to be there then.
    fn prepare(&mut self, sql: &str) -> Result<()> {
        let live = self.live.as_ref().ok_or(Error::Gone)?;
        if !self.ahead.is_empty() && !live.young.contains_key(sql) && !live.old.contains_key(sql) {
            self.send(None, async |_, _| Ok(()))?;
        }
        self.live.as_mut().ok_or(Error::Gone)?.statement(sql).map(drop)
    }

    fn try_send<R>(
        &mut self,
        ahead: &[(String, Vec<Value>)],
        sql: Option<&str>,
        ask: &impl AsyncFn(&Client, Option<Statement>) -> Result<R>,
    ) -> Result<R> {
        let live = self.live.as_mut().ok_or(Error::Gone)?;
        // What has no values is plain text; what follows each other of it is one text.
        let mut parts: Vec<Part> = Vec::new();
        for (text, values) in ahead {
            match parts.last_mut() {
                _ if !values.is_empty() => parts.push((String::new(), Some((live.statement(text)?, values)))),
                Some((plain, None)) => *plain += &format!("; {text}"),
                _ => parts.push((text.clone(), None)),
            }
        }
        let statement = sql.map(|sql| live.statement(sql)).transpose()?;
        let (client, hands) = (&live.client, &live.hands);
        let ahead = try_join_all(parts.iter().map(async |(plain, bound)| match bound {
            None => client.simple_query(plain).await.map_err(error),
            Some((statement, values)) => {
                let values = values.iter().map(Bound);
                client.execute_raw(statement, values).await.map(|_| Vec::new()).map_err(error)
            }
        }));
        // In this order on their way, and what failed first is what is told.
        let (ahead, answer) = hands.block_on(async { tokio::join!(biased; ahead, ask(client, statement)) });
        if let Some(xid) = ahead?.iter().map(|rows| first(rows)).find(|it| !it.is_empty()) {
            self.xid = xid;
        }
        answer
    }

    /// What became of a commit whose answer was lost.
    ///
    /// A number of which a crashed server had written nothing down is given to the next transaction, whose fate it then
    /// tells: after a crash only the bad news counts.
    fn committed(&mut self) -> Result<()> {
        let crew = self.live.take().map(|live| live.crew);
        let ask = format!("SELECT pg_xact_status('{}')", self.xid);
        for _ in 0..100 {
            match self.simple(&ask).map(|rows| first(&rows)).as_ref().map(String::as_str) {
                Ok("committed") => {
                    let same = self.live.as_ref().map(|live| &live.crew) == crew.as_ref();
                    return if same { Ok(()) } else { Err(Error::Unsure) };
                }
                Ok("aborted") => return Err(Error::Gone),
                // The server is away, or it has not yet noticed that we were.
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
        tracing::error!(xid = self.xid, "nobody can tell what became of this transaction");
        Err(Error::Unsure)
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
                let statement = self.hands.block_on(self.client.prepare(sql)).map_err(error)?;
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
            Mode::Group => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 200; SELECT pg_current_xact_id()"
            }
        };
        self.live()?;
        (self.fresh, self.reads) = (true, mode == Mode::Read);
        self.ahead = vec![(begin.to_owned(), Vec::new())];
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        if self.fresh && self.ahead.iter().all(|it| it.1.is_empty()) {
            self.ahead.clear();
            return Ok(());
        }
        // COMMIT of a transaction that has failed is a silent rollback; the SELECT is not silent.
        let commit = async |client: &Client, _| client.simple_query("SELECT 1; COMMIT").await.map_err(error);
        match self.send(None, commit) {
            Err(Error::Gone) => self.committed(),
            result => result.map(drop),
        }
    }

    fn rollback(&mut self) {
        self.ahead.clear();
        if self.fresh {
            return;
        }
        let Some(Live { hands, client, .. }) = &self.live else { return };
        let reads = self.reads;
        let rolled = hands.block_on(async {
            let mut rollback = pin!(client.batch_execute("ROLLBACK"));
            if reads {
                // It goes off; the answer may come when the connection is needed next.
                tokio::select! { biased; done = &mut rollback => return done, () = tokio::task::yield_now() => {} }
                tokio::task::yield_now().await;
                return Ok(());
            }
            rollback.await
        });
        if rolled.is_err() {
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
        // Without value or limit it may be a whole table: row by row, which costs twice as much but no memory.
        if values.is_empty() && !sql.contains(" LIMIT ") {
            let rows = self.send(Some(sql), async |client, statement| {
                let statement = statement.ok_or(Error::Gone)?;
                client.query_raw(&statement, values.iter().map(Bound)).await.map_err(error)
            })?;
            let live = self.live.as_ref().ok_or(Error::Gone)?;
            let mut rows = pin!(rows);
            while let Some(row) = live.hands.block_on(rows.try_next()).map_err(error)? {
                each(&PostgresRow(&row))?;
            }
            return Ok(());
        }
        let rows = self.send(Some(sql), async |client, statement| {
            let values: Vec<_> = values.iter().map(Bound).collect();
            let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            client.query(&statement.ok_or(Error::Gone)?, &values).await.map_err(error)
        })?;
        rows.iter().try_for_each(|row| each(&PostgresRow(row)))
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        if ["SAVEPOINT", "RELEASE"].iter().any(|it| sql.starts_with(it)) {
            self.ahead.push((sql.to_owned(), Vec::new()));
            return Ok(0);
        }
        // What has no values is the end of a savepoint or a change of the schema: nothing to prepare.
        if values.is_empty() {
            let plain = async |client: &Client, _| client.simple_query(sql).await.map_err(error);
            let done = self.send(None, plain)?;
            return Ok(done
                .iter()
                .map(|it| if let SimpleQueryMessage::CommandComplete(n) = it { *n } else { 0 })
                .sum());
        }
        self.send(Some(sql), async |client, statement| {
            let statement = statement.ok_or(Error::Gone)?;
            client.execute_raw(&statement, values.iter().map(Bound)).await.map_err(error)
        })
    }

    fn post(&mut self, sql: &str, values: &[Value]) -> Result<()> {
        self.prepare(sql)?;
        self.ahead.push((sql.to_owned(), values.to_vec()));
        Ok(())
    }

    fn deliver(&mut self) -> Result<()> {
        if self.ahead.iter().any(|it| !it.1.is_empty()) {
            self.send(None, async |_, _| Ok(()))
        } else {
            Ok(())
        }
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

struct PostgresRow<'a>(&'a tokio_postgres::Row);

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
fn lost(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => code.code().starts_with("08") || ["57P01", "57P02", "57P03"].contains(&code.code()),
        None => error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>()),
    }
}

fn error(error: tokio_postgres::Error) -> Error {
    if lost(&error) {
        return Error::Gone;
    }
    let Some(failure) = error.as_db_error() else {
        let why = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        return Error::Internal(why);
    };
    match failure.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::LOCK_NOT_AVAILABLE => Error::Again,
        // The unique index is named after its place.
        &SqlState::UNIQUE_VIOLATION => {
            Error::Duplicate { place: failure.constraint().unwrap_or_default().to_owned() }
        }
        &SqlState::FOREIGN_KEY_VIOLATION => Error::InUse(Vec::new()),
        &SqlState::DISK_FULL => Error::Full,
        code => Error::Internal(format!("{} {}", code.code(), failure.message())),
    }
}
