//! What tests of imports share: a house with a folder for uploads, and the words to import in it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::jobs::House;
use model::import::{self, Counts, Plan, Preview};
use model::system::{ImportBatch, Job, JobStatus, Role};
use model::{Actor, Door, Id, Lang, Moment, Result, Sql, Stamp, Value, seed};
use store::Db;
use tempfile::TempDir;

use crate::{World, databases};

/// A house in which lists come in.
pub struct Shop {
    pub house: House,
    _folder: TempDir,
}

impl Shop {
    pub fn new(db: &Db) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let house = House { db: db.clone(), data: folder.path().to_owned(), lang: Lang::Zh };
        std::fs::create_dir(house.uploads()).unwrap();
        Shop { house, _folder: folder }
    }

    /// Uploads a file and proposes a plan for it.
    pub fn plan(&self, who: &Actor, entity: &str, name: &str, bytes: impl AsRef<[u8]>) -> Plan {
        let path = self.house.uploads().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut reader = import::open(path.as_path(), name, &Plan::default()).unwrap();
        let plan = self.house.db.read(who, |desk| desk.plan_for(desk.entity(entity)?, &mut reader)).unwrap();
        Plan { source: name.to_owned(), ..plan }
    }

    pub fn preview(&self, who: &Actor, plan: &Plan) -> Preview {
        let path = self.house.uploads().join(&plan.source);
        let mut reader = import::open(path.as_path(), &plan.source, plan).unwrap();
        self.house.db.read(who, |desk| desk.preview(plan, &mut reader, &self.house.data, 100)).unwrap()
    }

    /// Hands an import to a job; its batch and its job.
    pub fn start(&self, who: &Actor, plan: &Plan) -> Result<(i64, i64)> {
        self.start_of(who, plan, 0)
    }

    /// The same for a file of which so many rows are known.
    pub fn start_of(&self, who: &Actor, plan: &Plan, rows: i64) -> Result<(i64, i64)> {
        let plan = plan.clone();
        let reader = import::open(self.house.uploads().join(&plan.source).as_path(), &plan.source, &plan)?;
        let headers = import::signature(&reader);
        self.house.db.write(who, move |desk| {
            let batch = desk.start_import(&plan.source, &headers, &plan)?;
            Ok((batch, desk.run_import(batch, rows)?))
        })
    }

    pub fn run(&self, who: &Actor, plan: &Plan) -> ImportBatch {
        let (batch, job) = self.start(who, plan).unwrap();
        assert!(self.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap());
        let job = self.job(job);
        assert_eq!(job.status, JobStatus::Done, "{}", job.result);
        self.batch(batch)
    }

    /// Proposes, previews and runs: the preview must have said what came.
    pub fn bring_in(&self, who: &Actor, name: &str, bytes: impl AsRef<[u8]>) -> ImportBatch {
        let plan = self.plan(who, "customer", name, bytes);
        self.foretold(who, &plan)
    }

    pub fn foretold(&self, who: &Actor, plan: &Plan) -> ImportBatch {
        let said = self.preview(who, plan).counts;
        let batch = self.run(who, plan);
        assert_eq!(counts(&batch), Counts { near: 0, ..said });
        batch
    }

    pub fn batch(&self, id: i64) -> ImportBatch {
        self.house.db.read(&system(), |desk| Ok(desk.import_batch(id)?.0)).unwrap()
    }

    pub fn job(&self, id: i64) -> Job {
        self.house.db.read(&system(), |desk| desk.job(id)).unwrap()
    }

    pub fn wrong(&self, batch: i64) -> Vec<(u64, String)> {
        let rows = self.house.db.read(&system(), |desk| desk.wrong_rows(batch, 0, 1_000)).unwrap();
        rows.into_iter().map(|it| (it.number, it.reason.zh)).collect()
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.house.db.read(&system(), |desk| desk.trusted().one(&Sql::new(sql))).unwrap()
    }

    /// A field of the customer of this name.
    pub fn value(&self, name: &str, field: &str) -> Value {
        let mut sql = Sql::new("SELECT ");
        sql.name(field).push(" FROM customer WHERE name = ").bind(name);
        let rows = self.house.db.read(&system(), |desk| desk.trusted().rows(&sql)).unwrap();
        assert_eq!(rows.len(), 1, "{name}");
        rows[0][0].clone()
    }
}

pub fn counts(it: &ImportBatch) -> Counts {
    let (new, updated, same) = (it.created_rows, it.updated_rows, it.same_rows);
    let (skipped, refused) = (it.skipped_rows, it.refused_rows);
    Counts { rows: new + updated + same + skipped + refused, new, updated, same, skipped, refused, near: 0 }
}

pub fn system() -> Actor {
    Actor::system(Door::CommandLine, Lang::Zh)
}

/// A new database as the program makes it, with all its code tables.
pub fn seeded(test: impl Fn(&Db)) {
    databases(|db| {
        assert!(db.write(&system(), |desk| seed::seed(desk, "no password", false)).unwrap());
        test(db);
    });
}

/// The company of the stories, whose people have their roles in the database too: a job acts by them.
pub fn company(test: impl Fn(&World, &Shop)) {
    databases(|db| {
        let world = World::new(db);
        for name in ["何振邦", "张国栋", "王海燕", "赵敏", "吴淑芬"] {
            give(db, world.person(name));
        }
        test(&world, &Shop::new(db));
    });
}

pub fn give(db: &Db, actor: &Actor) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let (rights, user) = (actor.rights.json(), actor.user);
    let name = format!("role{}", NEXT.fetch_add(1, Ordering::Relaxed));
    db.write(&system(), move |desk| {
        let mut role = Role {
            id: Id::NEW,
            code: name.clone(),
            name: name.clone(),
            name_en: None,
            remark: None,
            rights: rights.clone(),
            closed: false,
            stamp: Stamp::default(),
        };
        let role = desk.trusted().save(&mut role)?;
        seed::give_role(desk, Id::of(user), role)
    })
    .unwrap();
}

/// A salesperson who may import.
pub fn importer(world: &World, name: &str) -> Actor {
    let mut actor = world.person(name).clone();
    let rights = std::sync::Arc::make_mut(&mut actor.rights);
    for entity in ["customer", "contact"] {
        rights.grants.get_mut(entity).unwrap().can.extend(["import", "create", "update"].map(str::to_owned));
    }
    give(world.db, &actor);
    actor
}

/// A file of the shared data, which not every machine has.
pub fn shared(path: &str) -> Option<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let found = [root, "/work/shared/data".into()].into_iter().map(|it| it.join(path)).find(|it| it.exists());
    if found.is_none() {
        eprintln!("skipped: {path} is absent");
    }
    found.map(|it| std::fs::read(it).unwrap())
}

/// The runner of a job is gone: anybody may take it.
pub fn lease_ends(db: &Db, job: i64) {
    db.write(&system(), move |desk| {
        desk.trusted().touch(Id::<Job>::of(job), "lease", (&Moment::UNIX_EPOCH).into())
    })
    .unwrap();
}
