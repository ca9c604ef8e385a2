//! What one job of a group can do to the others: nothing.

mod both;

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;

use both::stores;
use model::{Conn, Dialect, Error, Result, Value};
use store::{Address, Settings, Store};

fn db(address: &Address) -> Store {
    Store::connect(address, Settings::of(address.dialect())).unwrap()
}

type Work<R> = Box<dyn Fn(&mut dyn Conn) -> Result<R> + Send + Sync>;

/// Lets `jobs` queue behind one that holds the writer, so that they become one group on SQLite.
fn together<R: Send + 'static>(db: &Store, jobs: Vec<Work<R>>) -> Vec<Result<R>> {
    let ((begun, begin), (go, wait)) = (channel::<()>(), channel::<()>());
    let wait = Mutex::new(wait);
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            db.write(move |_| {
                let _ = begun.send(());
                let _ = wait.lock().unwrap().recv();
                Ok(())
            })
        });
        begin.recv().unwrap();
        let n = jobs.len() as u64;
        let jobs: Vec<_> = jobs.into_iter().map(|job| scope.spawn(|| db.write(job))).collect();
        while db.dialect() == Dialect::Sqlite && db.meter().queued.load(Ordering::SeqCst) < n {
            thread::yield_now();
        }
        drop(go);
        first.join().unwrap().unwrap();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    })
}

fn insert(a: i64) -> Work<u64> {
    Box::new(move |conn| conn.execute("INSERT INTO a (id) VALUES ($1)", &[Value::Int(a)]))
}

fn count(db: &Store, table: &str) -> i64 {
    let mut count = 0;
    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
    db.read(|conn| {
        conn.query(&sql, &[], &mut |row| {
            count = Value::from(row.cell(0)).int();
            Ok(())
        })
    })
    .unwrap();
    count
}

fn make(db: &Store) {
    db.write(|conn| conn.execute("CREATE TABLE a (id BIGINT PRIMARY KEY)", &[])).unwrap();
}

#[test]
fn a_commit_that_fails_costs_only_the_job_that_broke_it() {
    stores(|address| {
        let db = db(address);
        make(&db);
        let later = "REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED";
        db.write(move |conn| conn.execute(&format!("CREATE TABLE b (a BIGINT {later})"), &[])).unwrap();
        let insert = |a: Value| -> Work<u64> {
            Box::new(move |conn| conn.execute("INSERT INTO b (a) VALUES ($1)", std::slice::from_ref(&a)))
        };

        let results = together(&db, vec![insert(Value::Null), insert(Value::Int(99)), insert(Value::Null)]);

        let said: Vec<_> = results.iter().map(|it| it.as_ref().map_err(Error::code).copied()).collect();
        assert_eq!(said, [Ok(1), Err("in_use"), Ok(1)]);
        assert_eq!(count(&db, "b"), 2);
    });
}

#[test]
fn a_panic_is_its_own_jobs_error() {
    stores(|address| {
        let db = db(address);
        make(&db);
        let fall: Work<u64> = Box::new(|conn| {
            conn.execute("INSERT INTO a (id) VALUES ($1)", &[Value::Int(7)])?;
            panic!("as it must")
        });

        let results = together(&db, vec![insert(1), fall, insert(2)]);

        assert_eq!(results[1], Err(Error::Internal("as it must".into())));
        assert_eq!((results[0].is_ok(), results[2].is_ok(), count(&db, "a")), (true, true, 2));
    });
}

#[test]
fn a_refused_job_leaves_nothing_and_its_neighbours_stay() {
    stores(|address| {
        let db = db(address);
        make(&db);

        let results = together(&db, vec![insert(1), insert(2), insert(3)]);
        let again = db.write(|conn| {
            conn.execute("INSERT INTO a (id) VALUES ($1)", &[Value::Int(9)])?;
            conn.execute("INSERT INTO a (id) VALUES ($1)", &[Value::Int(2)])
        });

        assert!(results.iter().all(Result::is_ok));
        assert_eq!(again.map_err(|error| error.code()), Err("duplicate"));
        assert_eq!(count(&db, "a"), 3);
    });
}

#[test]
fn closing_loses_nothing_that_was_taken() {
    stores(|address| {
        let db = db(address);
        make(&db);
        let writes = thread::scope(|scope| {
            let writes: Vec<_> = (0..50)
                .map(|n| {
                    scope.spawn({
                        let db = db.clone();
                        move || db.write(insert(n))
                    })
                })
                .collect();
            db.close();
            writes.into_iter().map(|write| write.join().unwrap()).collect::<Vec<_>>()
        });

        let done = writes.iter().filter(|it| it.is_ok()).count();
        assert!(writes.iter().all(|it| matches!(it, Ok(1) | Err(Error::Gone))), "{writes:?}");
        assert_eq!(db.write(|_| Ok(())), Err(Error::Gone));
        assert_eq!(count(&db, "a"), done as i64);
    });
}

#[test]
fn a_reader_sees_one_state_and_cannot_write() {
    stores(|address| {
        let db = db(address);
        make(&db);

        let refused = db.read(|conn| conn.execute("INSERT INTO a (id) VALUES ($1)", &[Value::Int(1)]));
        let strange = db.read(|conn| {
            conn.query("SELECT 1.5", &[], &mut |row| {
                let _ = Value::from(row.cell(0));
                Ok(())
            })
        });

        assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
        assert!(matches!(strange, Err(Error::Internal(_))), "{strange:?}");
    });
}

#[test]
fn asynchronous_callers_wait_without_holding_a_thread() {
    stores(|address| {
        let store = db(address);
        make(&store);
        let run =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();

        let (written, seen) = run.block_on(async move {
            let jobs: Vec<_> = (0..200)
                .map(|n| {
                    let store = store.clone();
                    tokio::spawn(async move {
                        store.write_async(insert(n)).await?;
                        store.read_async(|conn| conn.query("SELECT id FROM a", &[], &mut |_| Ok(()))).await
                    })
                })
                .collect();
            let mut written = 0;
            for job in jobs {
                written += usize::from(job.await.unwrap().is_ok());
            }
            let seen = store.read_async(|conn| {
                let mut seen = 0;
                conn.query("SELECT id FROM a", &[], &mut |_| {
                    seen += 1;
                    Ok(())
                })?;
                Ok(seen)
            });
            // The last handle goes inside the run time, as at a server's end.
            (written, seen.await)
        });

        assert_eq!((written, seen), (200, Ok(200)));
    });
}

#[test]
fn neighbours_share_a_commit() {
    stores(|address| {
        let db = db(address);
        make(&db);

        together(&db, (0..100).map(insert).collect());

        let figures = db.meter().figures();
        let commits = figures.iter().find(|it| it.0 == "commits").unwrap().1;
        assert!(db.dialect() == Dialect::Postgres || commits <= 4, "{figures:?}");
    });
}
