//! The server, from its start to its orderly end.

use std::io::IsTerminal;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use model::{Actor, Door, Error, Lang, Result};
use store::Db;
use tracing_subscriber::EnvFilter;

use crate::demo;
use crate::house::Place;
use crate::jobs::{House, Runner};

/// How long requests under way may take when the server is asked to end.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080", env = "KEYUAN_LISTEN")]
    pub listen: SocketAddr,
    /// Certificate chain as PEM: with it the server speaks https
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key as PEM
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Believe X-Forwarded-For and X-Forwarded-Proto, which a proxy in front sets
    #[arg(long)]
    pub trust_proxy: bool,
    /// Write logs as JSON, one object a line
    #[arg(long)]
    pub log_json: bool,
    /// Show /metrics to every address, not only to this machine
    #[arg(long)]
    pub public_metrics: bool,
}

/// Logs to standard error; KEYUAN_LOG says which, e.g. `warn,store=debug`, else `level`.
pub fn logs(json: bool, level: &str) {
    let filter = EnvFilter::try_from_env("KEYUAN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let logs = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call, as tests make, changes nothing.
    let _ = if json { logs.json().try_init() } else { logs.try_init() };
}

pub fn serve(place: &Place, db: Db, options: &Options) -> Result<()> {
    let failed = |error: std::io::Error| Error::Internal(format!("{}: {error}", options.listen));
    let listener = TcpListener::bind(options.listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let secure = options.tls_cert.is_some();
    let mut site = web::Site::new(db.clone(), place.data.clone(), !secure && !options.trust_proxy);
    site.trust_proxy = options.trust_proxy;
    site.public_metrics = options.public_metrics;
    let app = crate::pages::router(site).into_make_service_with_connect_info::<SocketAddr>();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let house = House { db: db.clone(), data: place.data.clone(), lang: place.lang() };
    let jobs = Runner::start(&house)?;
    greet(place, &db, address, secure)?;
    let served = runtime.block_on(async {
        let handle = Handle::new();
        tokio::spawn(end(handle.clone()));
        match (&options.tls_cert, &options.tls_key) {
            (Some(cert), Some(key)) => {
                // A second call finds the provider there already.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let config = RustlsConfig::from_pem_file(cert, key).await?;
                axum_server::from_tcp_rustls(listener, config)?.handle(handle).serve(app).await
            }
            _ => axum_server::from_tcp(listener)?.handle(handle).serve(app).await,
        }
    });
    runtime.shutdown_timeout(PATIENCE);
    jobs.stop();
    db.store().close();
    tracing::info!("ended");
    served.map_err(failed)
}

/// Waits for SIGTERM or Ctrl-C, then takes no more requests and lets those under way finish.
async fn end(handle: Handle<SocketAddr>) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} },
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
    tracing::info!("ending: requests under way may finish");
    handle.graceful_shutdown(Some(PATIENCE));
}

/// Says where it is and, of the demo, who one may be.
fn greet(place: &Place, db: &Db, address: SocketAddr, secure: bool) -> Result<()> {
    let scheme = if secure { "https" } else { "http" };
    println!("{scheme}://{address}");
    let system = Actor::system(Door::System, place.lang());
    if db.read(&system, |desk| Ok(desk.catalog().parameter("demo") == "true"))? {
        let lang = place.lang();
        println!(
            "{}",
            if lang == Lang::Zh {
                "演示账号（密码都是 demo）："
            } else {
                "Demo logins (password demo):"
            }
        );
        demo::LOGINS.iter().for_each(|(login, post)| println!("  {login:8} {}", post.of(lang)));
    }
    Ok(())
}
