//! Where a company's data are, and how its house is opened.

use std::path::PathBuf;

use model::{Actor, Door, Error, Lang, Result, message, seed};
use store::{Address, Db, Plan, Settings};

/// The data folder and the database, as the command line names them.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Folder of the database, attachments and backups
    #[arg(long, global = true, default_value = "data", env = "KEYUAN_DATA")]
    pub data: PathBuf,
    /// PostgreSQL instead of the file in the data folder: postgres://user:password@host/database?schema=name
    #[arg(long, global = true, env = "KEYUAN_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Language of messages and of a new database: zh or en
    #[arg(long, global = true, value_parser = lang, env = "KEYUAN_LANG")]
    pub lang: Option<Lang>,
}

fn lang(text: &str) -> std::result::Result<Lang, String> {
    Lang::of(text).ok_or_else(|| "zh or en".to_owned())
}

impl Place {
    /// The language asked for, else the machine's, else Chinese.
    pub fn lang(&self) -> Lang {
        let machine = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|it| std::env::var(it).ok());
        self.lang.or_else(|| Lang::of(&machine()?)).unwrap_or_default()
    }

    pub fn address(&self) -> Address {
        Address::of(&self.data, self.database.as_deref())
    }

    /// Where attachments lie.
    pub fn files(&self) -> PathBuf {
        self.data.join("files")
    }

    /// The hand of whoever types the commands: they hold the data anyway, so nothing is kept from them.
    pub fn actor(&self) -> Actor {
        Actor::system(Door::CommandLine, self.lang())
    }

    /// Opens the database, brings it to the program's schema and gives a new one what it begins with.
    pub fn open(&self) -> Result<Db> {
        let db = self.connect()?;
        let system = Actor::system(Door::System, self.lang());
        if !db.read(&system, |desk| Ok(desk.catalog().users.is_empty()))? {
            return Ok(db);
        }
        let chosen = std::env::var("KEYUAN_ADMIN_PASSWORD").ok().filter(|it| !it.is_empty());
        let random = web::visitor::random_token()?;
        let password = chosen.as_deref().unwrap_or(&random[..16]);
        let (hash, must_change) = (web::password::hash(password)?, chosen.is_none());
        if db.write(&system, move |desk| seed::seed(desk, &hash, must_change))? && must_change {
            match self.lang() {
                Lang::Zh => println!("已建立用户 admin，初始密码（只显示这一次）：{password}"),
                Lang::En => {
                    println!("The user admin was made; its first password, shown only now: {password}")
                }
            }
        }
        Ok(db)
    }

    /// The database at the program's schema, and nothing put in.
    pub fn connect(&self) -> Result<Db> {
        let address = self.address();
        let store = store::open(&address, Settings::of(address.dialect()), &plan()?, &self.data)?;
        Ok(Db::new(store, domain::REGISTRY))
    }

    pub fn says(&self, error: &Error) -> String {
        message::message(error, domain::REGISTRY, "", self.lang())
    }
}

/// What the program knows of its database.
pub fn plan() -> Result<Plan> {
    Plan::read(domain::migrations::MIGRATIONS, |conn, table| {
        model::rebuild_search(domain::REGISTRY, conn, table)
    })
}
