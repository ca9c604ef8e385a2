//! A million customers whose names are composed from public lists, kept under `target/bench`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Customer;
use domain::crm::customer::{Grade, Stage};
use model::system::{Department, DepartmentKind, Role, User, UserRole};
use model::{Actor, Code, Door, Id, Input, Lang, Money, Stamp, seed};
use store::{Address, Db, Settings};
use tests::Random;
use tests::served::{self, sign_in};

/// People who sell; each has as many customers as the next.
pub const SALES: usize = 200;
const DEPARTMENTS: usize = 10;
const CHUNK: usize = 500;

pub struct Place {
    pub data: PathBuf,
    pub database: Option<String>,
    /// The user behind the token `sales`; `boss`, `manager` and `clerk`, who creates, are others.
    pub sales: i64,
    server: Option<(PathBuf, PathBuf)>,
}

/// Composed: city, short name, trade, legal form.
pub fn names(count: usize) -> Option<Vec<String>> {
    let shared = std::env::var("KEYUAN_TEST_DATA")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let read = |name: &str| std::fs::read_to_string(shared.join(name)).ok();
    let shorts = read("cn-company-names/Company-Shorter-Form（28W）.txt")?;
    let shorts: Vec<_> = shorts.lines().skip(3).map(str::trim).filter(|it| !it.is_empty()).collect();
    let cities = read("cn-divisions/cities.csv")?;
    let cities = cities.lines().skip(1).filter_map(|it| it.split(',').nth(1));
    let cities: Vec<_> = cities
        .map(|it| it.trim_matches('"').trim_end_matches('市').to_owned())
        .filter(|it| !it.contains('辖'))
        .collect();
    let trades = [
        "散热器",
        "暖通设备",
        "建材",
        "贸易",
        "科技",
        "机电",
        "环保设备",
        "管业",
        "工程",
        "商贸",
        "五金",
        "节能",
    ];
    let mut random = Random::new(1);
    let name = |n: usize| {
        let (short, trade) = (shorts[(n * 7 + n / shorts.len()) % shorts.len()], random.one(&trades));
        format!("{}{short}{trade}有限公司", random.one(&cities))
    };
    Some((0..count).map(name).collect())
}

impl Place {
    pub fn address(&self) -> Address {
        Address::of(&self.data, self.database.as_deref())
    }

    pub fn open(&self) -> Db {
        let address = self.address();
        let plan = app::house::plan().expect("the migrations read");
        let store = store::open(&address, Settings::of(address.dialect()), &plan, &self.data);
        Db::new(store.expect("the database opens"), domain::REGISTRY)
    }
}

/// The database of this kind, filled if it is not yet.
pub fn place(kind: &str, folder: &Path, names: &[String]) -> Place {
    let data = folder.join(kind);
    std::fs::create_dir_all(&data).expect("a folder");
    let mut place = Place { data, database: None, sales: 0, server: None };
    if kind == "postgres" {
        start(&mut place);
    }
    let (db, system) = (place.open(), Actor::system(Door::System, Lang::Zh));
    if db.read(&system, |desk| Ok(desk.catalog().users.is_empty())).expect("it reads") {
        eprintln!("{kind}: filling {} customers", names.len());
        let since = std::time::Instant::now();
        let owners = people(&db, &system);
        fill(&db, &system, &owners, names);
        if kind == "postgres" {
            let statement = |conn: &mut dyn model::Conn| conn.execute("ANALYZE", &[]).map(drop);
            db.store().write(statement).expect("statistics");
        }
        eprintln!("{kind}: filled in {} s", since.elapsed().as_secs());
    }
    let login = |login: &str| {
        let login = login.to_owned();
        let found = db.read(&system, |desk| {
            Ok(desk.catalog().users.values().find(|it| it.user.login == login).map(|it| it.user.id.0))
        });
        found.ok().flatten().expect("the user is there")
    };
    for (user, token) in [("sales0", "boss"), ("sales1", "manager"), ("sales2", "sales"), ("sales3", "clerk")]
    {
        let hash = model::Value::from(web::visitor::hashed(&served::token(token)).as_str());
        let known =
            db.read(&system, |desk| desk.trusted().first::<model::system::Session>(&[("token", hash)]));
        if known.expect("it reads").is_none() {
            sign_in(&db, login(user), token);
        }
    }
    place.sales = login("sales2");
    db.store().close();
    place
}

/// Users with their department: boss, manager, then those who sell.
fn people(db: &Db, system: &Actor) -> Vec<(Id<User>, Id<Department>)> {
    let made = db.write(system, |desk| {
        seed::seed(desk, "", false)?;
        let top = desk.catalog().departments().next().map(|it| it.id);
        let mut homes = Vec::new();
        for n in 0..DEPARTMENTS {
            let mut home = Department {
                id: Id::NEW,
                name: format!("销售{n}部"),
                above: top,
                kind: DepartmentKind::Department,
                head: None,
                closed: false,
                stamp: Stamp::default(),
            };
            homes.push(desk.trusted().save(&mut home)?);
        }
        let mut users = Vec::new();
        for n in 0..SALES {
            let home = homes[n % DEPARTMENTS];
            let mut user =
                seed::new_user(&format!("sales{n}"), &format!("业务员{n}"), Some(home), "", Lang::Zh);
            let id = desk.trusted().save(&mut user)?;
            let role = ["owner", "sales_manager"].get(n).unwrap_or(&"salesperson");
            let role = desk
                .trusted()
                .first::<Role>(&[("code", (*role).into())])?
                .ok_or(model::Error::missing("role"))?;
            let mut link = UserRole { id: Id::NEW, user: id, role: role.id, stamp: Stamp::default() };
            desk.trusted().save(&mut link)?;
            users.push((id, home));
        }
        Ok(users)
    });
    made.expect("people")
}

fn fill(db: &Db, system: &Actor, owners: &[(Id<User>, Id<Department>)], names: &[String]) {
    let first = Input::from([("name", "样本"), ("country", "CN")]);
    let like: Customer = db
        .write(system, move |desk| {
            let id = desk.create("customer", &first)?;
            let like: Customer = desk.trusted().get(Id::of(id))?;
            desk.delete("customer", id, None)?;
            Ok(like)
        })
        .expect("a sample");
    let next = AtomicUsize::new(0);
    let threads = if db.store().dialect() == model::Dialect::Sqlite { 1 } else { 4 };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if from >= names.len() {
                        return;
                    }
                    let some = names[from..names.len().min(from + CHUNK)].to_vec();
                    let (owners, like) = (owners.to_vec(), like.clone());
                    let written = db.write(system, move |desk| {
                        for (n, name) in some.iter().enumerate() {
                            let mut it = customer(&like, from + n, name, &owners);
                            desk.trusted().save(&mut it)?;
                        }
                        Ok(())
                    });
                    written.expect("a chunk");
                    if from.is_multiple_of(100_000) {
                        eprintln!("  {from}");
                    }
                }
            });
        }
    });
}

/// The n-th customer.
fn customer(like: &Customer, n: usize, name: &str, owners: &[(Id<User>, Id<Department>)]) -> Customer {
    let mut random = Random::new(n as u64);
    let (owner, department) = owners[n % owners.len()];
    Customer {
        id: Id::NEW,
        number: format!("KH-{:07}", n + 1),
        name: name.to_owned(),
        short_name: n.is_multiple_of(3).then(|| name.chars().skip(2).take(4).collect()),
        class: *random.one(&[Grade::A, Grade::B, Grade::C, Grade::D]),
        stage: *random.one(&[Stage::Potential, Stage::New, Stage::Familiar, Stage::Old]),
        industry: Some(Code((*random.one(&["51", "52", "47", "35"])).to_owned())),
        region: Some(Code((*random.one(&["110101", "310101", "440103", "330102"])).to_owned())),
        phone: Some(format!("154{:08}", random.below(100_000_000))),
        credit_limit: Money(random.below(100) as i64 * 100_000),
        owner: Some(owner),
        department: Some(department),
        ..like.clone()
    }
}

/// A server of our own, whose data stay.
fn start(place: &mut Place) {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let bin = versions.filter_map(|it| Some(it.ok()?.path().join("bin"))).max().expect("a version");
    let data = place.data.join("cluster");
    let root = Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout == b"0\n");
    let run = |program: &str, words: &[&str]| {
        let path = bin.join(program);
        let mut command = if root { Command::new("runuser") } else { Command::new(&path) };
        if root {
            command.args(["-u", "postgres", "--"]).arg(&path);
        }
        let done = command
            .current_dir("/")
            .arg("-D")
            .arg(&data)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        assert!(done.status().expect("it runs").success(), "{program}");
    };
    if !data.exists() {
        std::fs::create_dir_all(&data).expect("a folder");
        if root {
            Command::new("chown").arg("postgres").arg(&data).status().expect("chown runs");
        }
        run(
            "initdb",
            &["--username=keyuan", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        );
    }
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = socket.local_addr().expect("it has a number").port();
    drop(socket);
    let options = format!(
        "-p {port} -k /tmp -c listen_addresses=127.0.0.1 -c max_connections=100 -c shared_buffers=512MB -c max_wal_size=4GB"
    );
    run("pg_ctl", &["-w", "-l", &data.join("log").display().to_string(), "-o", &options, "start"]);
    place.database = Some(format!("postgres://keyuan@127.0.0.1:{port}/postgres"));
    place.server = Some((bin, data));
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((bin, data)) = &self.server else { return };
        let root = Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout == b"0\n");
        let path = bin.join("pg_ctl");
        let mut command = if root { Command::new("runuser") } else { Command::new(&path) };
        if root {
            command.args(["-u", "postgres", "--"]).arg(&path);
        }
        let stop = command.current_dir("/").arg("-D").arg(data).args(["-m", "fast", "stop"]);
        let _ = stop.stdout(Stdio::null()).status();
    }
}
