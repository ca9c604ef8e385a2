//! Users from the command line: for the first one, and for whoever is locked out.

use std::io::BufRead;

use clap::Subcommand;
use model::system::{Role, Session, User};
use model::{Desk, Error, Result, seed};

use crate::house::Place;

#[derive(Subcommand)]
pub enum Command {
    /// List users with their roles
    List,
    /// Add a user; the password is read from KEYUAN_PASSWORD or the first line of standard input
    Add {
        login: String,
        #[arg(long)]
        name: Option<String>,
        /// Codes of roles, e.g. salesperson
        #[arg(long, value_delimiter = ',')]
        role: Vec<String>,
        /// Name of the department
        #[arg(long)]
        department: Option<String>,
    },
    /// Set a password, read as for `add`, and end the user's sessions
    Password { login: String },
    /// Disable a user and end the user's sessions
    Disable { login: String },
}

pub fn run(place: &Place, command: Command) -> Result<()> {
    let (db, actor) = (place.open()?, place.actor());
    match command {
        Command::List => db.read(&actor, |desk| {
            let catalog = desk.catalog();
            for person in catalog.users.values() {
                let it = &person.user;
                let roles = person.roles.iter().filter_map(|id| catalog.roles.get(id));
                let roles: Vec<_> = roles.map(|(role, _)| role.code.as_str()).collect();
                let state = if it.closed { "disabled" } else { "" };
                println!("{:20} {:20} {} {state}", it.login, it.name, roles.join(","));
            }
            Ok(())
        })?,
        Command::Add { login, name, role, department } => {
            let password = password(&login)?;
            db.write(&actor, move |desk| {
                let catalog = desk.catalog().clone();
                let home = department.as_deref().map(|name| {
                    let found = catalog.departments().find(|it| it.name == name);
                    found.map(|it| it.id).ok_or_else(|| Error::invalid("department", "unknown_record"))
                });
                let name = name.as_deref().unwrap_or(&login);
                let mut user = seed::new_user(&login, name, home.transpose()?, &password, desk.actor.lang);
                let id = desk.trusted().save(&mut user)?;
                for code in &role {
                    let found = desk.trusted().first::<Role>(&[("code", code.as_str().into())])?;
                    let role = found.ok_or_else(|| Error::invalid("role", "unknown_record"))?;
                    seed::give_role(desk, id, role.id)?;
                }
                Ok(())
            })?;
        }
        Command::Password { login } => {
            let password = password(&login)?;
            db.write(&actor, move |desk| {
                let mut user = named(desk, &login)?;
                user.password.clone_from(&password);
                user.must_change = false;
                desk.trusted().save(&mut user)?;
                for session in desk.trusted().find::<Session>(&[("user", (&user.id).into())])? {
                    desk.trusted().delete(session)?;
                }
                Ok(())
            })?;
        }
        Command::Disable { login } => db.write(&actor, move |desk| {
            let user = named(desk, &login)?;
            desk.run("user", user.id.0, "disable", &Default::default())
        })?,
    }
    db.store().close();
    Ok(())
}

fn named(desk: &mut Desk, login: &str) -> Result<User> {
    let found = desk.trusted().first::<User>(&[("login", login.to_lowercase().as_str().into())])?;
    found.ok_or_else(|| Error::missing(format!("user/{login}")))
}

/// A new password, hashed. It is no argument, which every user of the machine could read.
fn password(login: &str) -> Result<String> {
    let given = std::env::var("KEYUAN_PASSWORD").ok().or_else(|| {
        let line = std::io::stdin().lock().lines().next()?.ok()?;
        Some(line.trim_end_matches('\r').to_owned())
    });
    let password = given.unwrap_or_default();
    web::password::check(&password, login)?;
    web::password::hash(&password)
}
