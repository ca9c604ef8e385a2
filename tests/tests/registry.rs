//! The registry walk: what every declaration must keep, and the golden files.

use expect_test::expect_file;
use model::{Format, Kind, Lang, STAMP, rights};

#[test]
fn every_label_is_there_in_both_languages() {
    let registry = domain::REGISTRY;
    let mut missing = Vec::new();
    let mut look = |place: String, label: model::Label| {
        if label.zh.is_empty() || label.en.is_empty() {
            missing.push(place);
        }
    };
    for def in registry.all() {
        look(def.code.into(), def.label);
        for field in def.fields {
            look(format!("{}.{}", def.code, field.name), field.label);
            if let Kind::Choice(all) = field.kind {
                all.iter().for_each(|it| look(format!("{}.{}={}", def.code, field.name, it.0), it.1));
            }
        }
        for verb in def.verbs {
            look(format!("{}/{}", def.code, verb.name), verb.label);
            verb.asks.iter().for_each(|it| look(format!("{}/{}.{}", def.code, verb.name, it.name), it.label));
        }
        def.views.iter().for_each(|it| look(format!("{}?{}", def.code, it.code), it.label));
    }
    registry.parameters.iter().for_each(|it| look(it.name.into(), it.label));
    registry.presets.iter().for_each(|it| look(it.code.into(), it.label));

    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_code_field_has_its_table_and_every_child_its_record() {
    let registry = domain::REGISTRY;
    let tables: Vec<_> = (registry.code_tables)().into_iter().map(|it| it.code).collect();

    for def in registry.all() {
        for field in def.fields {
            let is_code = matches!(field.kind, Kind::Code);
            assert_eq!(is_code, field.code.is_some(), "{}.{}", def.code, field.name);
            if let Some(table) = field.code {
                assert!(tables.contains(&table), "{}.{}: no table {table}", def.code, field.name);
            }
        }
        assert_eq!(def.of.or(def.within).is_some(), def.parent().is_some(), "{}", def.code);
        assert_eq!(&def.fields[def.fields.len() - 5].name, &STAMP[0].name, "{}", def.code);
        assert!(def.title_field().format != Format::Secret, "{}", def.code);
    }
}

#[test]
fn every_view_reads_as_a_query_of_its_entity() {
    tests::databases(|db| {
        let world = tests::World::new(db);
        for def in db.registry().all() {
            for field in def.fields {
                let Some(only) = field.only else { continue };
                let to = model::target_of(field).expect("only a link is offered").code;
                let query = model::Query::parse(only).expect(only);
                let list = world.look("何振邦", |desk| desk.list(to, &query).map(drop));
                assert!(list.is_ok(), "{}.{}: {:?}", def.code, field.name, list.err());
            }
            for view in def.views {
                let query = model::Query::parse(view.query).expect(view.code);
                let list = world
                    .look("何振邦", |desk| desk.list(def.code, &query).and_then(|list| desk.rows(&list)));
                assert!(list.is_ok(), "{}?{}: {:?}", def.code, view.code, list.err());
            }
        }
    });
}

#[test]
fn the_matrix_of_roles_is_as_agreed() {
    expect_file!["../golden/roles.txt"].assert_eq(&rights::matrix(domain::REGISTRY));
}

#[test]
fn a_role_survives_its_way_through_the_database() {
    for preset in domain::REGISTRY.presets {
        let rights = model::Rights::of_preset(preset);

        assert_eq!(model::Rights::of_json(&rights.json()), rights, "{}", preset.label.of(Lang::En));
    }
}

#[test]
fn a_preset_names_only_what_there_is() {
    for preset in domain::REGISTRY.presets {
        for (entity, grant) in model::Rights::of_preset(preset).grants {
            let def = domain::REGISTRY
                .entity(&entity)
                .unwrap_or_else(|| panic!("{}: no entity {entity}", preset.code));
            let known: Vec<_> = rights::rights_of(def).into_iter().map(|it| it.0).collect();
            for right in grant.can.iter().filter(|it| *it != "*") {
                assert!(known.contains(&right.as_str()), "{}: {entity} has no right {right}", preset.code);
            }
            for group in grant.groups.keys() {
                assert!(
                    rights::groups_of(def).contains(&group.as_str()),
                    "{}: {entity} has no group {group}",
                    preset.code
                );
            }
        }
    }
}

#[test]
fn the_engine_names_no_business_noun() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let nouns = ["customer", "contact", "supplier", "employee", "receivable"];
    let mut found = Vec::new();
    for name in ["model", "store", "web"] {
        let mut folders = vec![root.join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|it| it == "rs") {
                    let text = std::fs::read_to_string(&entry).unwrap();
                    // In comments and in what people read a business noun may be an example.
                    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                    for (n, line) in code.enumerate() {
                        let quoted = |noun: &&&str| {
                            line.contains(&format!("\"{noun}\"")) || line.contains(&format!("/{noun}\""))
                        };
                        if nouns.iter().find(quoted).is_some() {
                            found.push(format!("{}:{n}: {}", entry.display(), line.trim()));
                        }
                    }
                }
            }
        }
    }

    assert_eq!(found, Vec::<String>::new());
}
