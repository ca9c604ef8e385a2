//! Cards and forms as a browser meets them: what one may see and do, in every part of them, and what happens to input.

use model::system::{Access, Attachment, Note};
use model::{Input, Value};
use tests::served::{Answer, House, agent, answer, cookie};

const BOSS: &str = "何振邦";
const WANG: &str = "王海燕";
const ZHAO: &str = "赵敏";
/// Sees all customers and may change none.
const READER: &str = "周会计";

fn house() -> House {
    House::new(&[(BOSS, "owner"), (WANG, "salesperson"), (ZHAO, "salesperson"), (READER, "reader")])
}

/// Sends files as the drop zone does.
fn upload(house: &House, who: &str, path: &str, name: &str, content: &[u8]) -> Answer {
    let mut body = format!("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n").into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--X--\r\n");
    let request = agent().post(format!("{}{path}", house.address)).header("cookie", cookie(who));
    let request =
        request.header("origin", &house.address).header("content-type", "multipart/form-data; boundary=X");
    answer(request.send(&body[..]).unwrap())
}

fn value(house: &House, id: i64, field: &'static str) -> Value {
    house.system(move |desk| Ok(desk.get("customer", id)?.value(field).cloned().unwrap_or(Value::Null)))
}

fn version(house: &House, id: i64) -> String {
    house.system(move |desk| Ok(desk.get("customer", id)?.version)).to_string()
}

#[test]
fn every_entity_has_a_card_and_a_form() {
    let house = house();

    for def in domain::REGISTRY.all() {
        let all = model::Query::default();
        let Ok(ids) = house.db.read(&model::Actor::system(model::Door::System, model::Lang::Zh), |desk| {
            desk.ids(def.code, &all, 0, 1)
        }) else {
            continue;
        };
        for id in ids {
            for part in ["", "?at=0", "?at=history", "?at=files", "?at=notes"] {
                let page = house.get(BOSS, &format!("/{}/{id}{part}", def.code));
                assert_eq!(page.status, 200, "{}/{id}{part}: {}", def.code, page.text());
            }
        }
        // What only the program writes has no form.
        let form = house.get(BOSS, &format!("/{}/new", def.code));
        assert_eq!(form.status, if def.is_ours() { 403 } else { 200 }, "{}: {}", def.code, form.text());
    }
}

#[test]
fn an_address_that_names_no_record_leads_to_a_page_that_says_so() {
    let house = house();
    let paths = [
        "abc",
        "abc/edit",
        "abc/print",
        "1/file/x",
        "1/file/x/look",
        "import/x",
        "import/x/undo",
        "abc/part/0",
    ];

    for path in paths {
        let page = house.get(BOSS, &format!("/customer/{path}"));

        assert_eq!(page.status, 404, "{path}");
        assert!(
            page.text().contains("这里没有东西") && page.text().contains("href=\"/\""),
            "{path} {}",
            page.text()
        );
    }
}

#[test]
fn a_record_out_of_reach_is_behind_none_of_its_doors() {
    let house = house();
    let hidden = house.id("太原晋能");
    let base = format!("/customer/{hidden}");
    house.post(ZHAO, &format!("{base}/hang/note/new"), &[("text", "秘密")]);
    upload(&house, ZHAO, &format!("{base}/files"), "报价.pdf", b"%PDF-1.4 secret");
    let (note, file) = house.system(move |desk| {
        let notes: Vec<Note> = desk.attached("customer", hidden)?;
        let files: Vec<Attachment> = desk.attached("customer", hidden)?;
        Ok((notes[0].id.0, files[0].id.0))
    });

    let doors = [
        "",
        "?at=history",
        "?at=files",
        "?as_of=2020-01-01",
        "/edit",
        "/part/0",
        "/part/address",
        "/print",
        "/hang/note/new",
        &format!("/hang/note/{note}"),
        &format!("/file/{file}"),
        &format!("/file/{file}?show"),
        &format!("/file/{file}/look"),
    ];
    for door in doors {
        let page = house.get(WANG, &format!("{base}{door}"));
        assert_eq!(page.status, 404, "{door}");
        assert!(!page.text().contains("太原晋能") && !page.text().contains("秘密"), "{door}");
    }
    let writes: [(&str, &[(&str, &str)]); 7] = [
        ("", &[("name", "改名")]),
        ("/follow", &[]),
        ("/hang/note/new", &[("text", "x")]),
        ("/hang/tag/new", &[("name", "x")]),
        (&format!("/hang/note/{note}"), &[("text", "x")]),
        (&format!("/hang/note/{note}"), &[("_delete", "1")]),
        (&format!("/file/{file}/delete"), &[]),
    ];
    for (door, form) in writes {
        assert_eq!(house.post(WANG, &format!("{base}{door}"), form).status, 404, "{door}");
    }
    assert_eq!(upload(&house, WANG, &format!("{base}/files"), "a.txt", b"x").status, 404);

    // Nor by way of a record that is one's own.
    let own = house.id("北京金泰格");
    assert_eq!(house.get(WANG, &format!("/customer/{own}/file/{file}")).status, 404);
    assert_eq!(house.get(WANG, &format!("/customer/{own}/hang/note/{note}")).status, 404);
    assert_eq!(house.post(WANG, &format!("/customer/{own}/hang/note/{note}"), &[("text", "x")]).status, 404);
    assert_eq!(value(&house, hidden, "name").text(), "太原晋能环保设备有限公司");
}

#[test]
fn without_the_right_a_form_neither_opens_nor_saves() {
    let house = house();
    let id = house.id("北京金泰格");

    for door in ["/customer/new", &format!("/customer/{id}/edit"), &format!("/customer/{id}/part/0")] {
        assert_eq!(house.get(READER, door).status, 403, "{door}");
    }
    assert_eq!(house.post(READER, "/customer", &[("name", "新客户")]).status, 403);
    assert_eq!(house.post(READER, &format!("/customer/{id}"), &[("name", "改名")]).status, 403);
    assert_eq!(house.get(READER, "/customer/options/owner").status, 403);
    assert_eq!(house.get(READER, "/customer/alike?name=北京金泰格散热器").status, 403);
    let card = house.get(READER, &format!("/customer/{id}")).text();
    assert!(!card.contains("/edit") && !card.contains("/part/0"));
}

#[test]
fn a_hidden_or_masked_value_is_in_no_part_of_card_form_and_history() {
    let house = house();
    let id = house.id("北京金泰格");
    for account in ["62220001", "62220002"] {
        let form = [("bank_account", account)];
        house.post(BOSS, &format!("/customer/{id}"), &form);
    }
    let rights = |access: &'static str| {
        house.change(move |desk| {
            let role = desk.catalog().roles.values().find(|it| it.0.code == "salesperson").unwrap().0.clone();
            let mut role = role;
            role.rights = role.rights.replace("\"bank\":\"read\"", &format!("\"bank\":\"{access}\""));
            role.rights = role.rights.replace("\"bank\":\"hide\"", &format!("\"bank\":\"{access}\""));
            desk.trusted().save(&mut role).map(drop)
        });
    };

    for access in ["hide", "mask"] {
        rights(access);
        for part in ["", "?at=3", "?at=history", "/edit", "/part/3"] {
            let page = house.get(WANG, &format!("/customer/{id}{part}"));
            assert_eq!(page.status, 200, "{part}");
            assert!(!page.text().contains("6222000"), "{access} {part}");
        }
        let card = house.get(WANG, &format!("/customer/{id}?at=3")).text();
        assert_eq!(card.contains("<dt>账号</dt>"), access == "mask");
        assert_eq!(card.contains("***"), access == "mask");
        let options = house.get(WANG, "/customer/options/bank_account");
        assert_eq!(options.status, 404);
        let refused = house.post(WANG, &format!("/customer/{id}"), &[("bank_account", "1")]);
        assert_eq!(refused.status, 422);
    }
    assert!(house.get(BOSS, &format!("/customer/{id}?at=history")).text().contains("62220002"));
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost() {
    let house = house();
    let long = "长".repeat(10_000);
    let form = [
        ("name", ""),
        ("short_name", "金泰格二号"),
        ("email", "no address"),
        ("remark", "记得回访"),
        ("address", &long),
        ("address.1.purpose", "送货"),
    ];

    let page = house.post(BOSS, "/customer", &form);

    assert_eq!(page.status, 422);
    let text = page.text();
    for kept in ["金泰格二号", "no address", "记得回访", "送货"] {
        assert!(text.contains(kept), "{kept}");
    }
    for at in ["name-error", "email-error", "address-error"] {
        assert!(text.contains(&format!("id=\"{at}\"")), "{at}");
    }
    let child = house.post(BOSS, "/customer", &[("name", "全新客户"), ("address.1.purpose", "送货")]).text();
    assert!(child.contains("id=\"address.1.address-error\""), "{child}");
}

#[test]
fn a_script_in_a_name_is_text_wherever_it_stands() {
    let house = house();
    let name = "<script>alert(1)</script>\"公司";
    house.post(BOSS, "/customer", &[("name", name), ("_alike", "yes")]);
    let id = house.id("alert");
    house.post(BOSS, &format!("/customer/{id}/hang/tag/new"), &[("name", "<img src=x>")]);
    house.post(BOSS, &format!("/customer/{id}/hang/note/new"), &[("text", "<b>x</b>")]);

    for part in ["", "?at=0", "?at=notes", "?at=history", "/edit", "/part/0"] {
        let page = house.get(BOSS, &format!("/customer/{id}{part}")).text();
        assert!(
            !page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("<b>x"),
            "{part}"
        );
    }
}

#[test]
fn of_two_who_save_the_second_sees_what_changed_and_decides() {
    let house = house();
    let id = house.id("北京金泰格");
    let path = format!("/customer/{id}");
    let seen = version(&house, id);
    house.post(BOSS, &path, &[("_version", &seen), ("phone", "010-11112222"), ("website", "www.theirs.cn")]);

    let form =
        [("_version", seen.as_str()), ("phone", "010-33334444"), ("website", ""), ("remark", "我的备注")];
    let told = house.post(WANG, &path, &form);

    assert_eq!(told.status, 412);
    let text = told.text();
    assert!(
        text.contains("何振邦") && text.contains("010-11112222") && text.contains("010-33334444"),
        "{text}"
    );
    assert!(
        text.contains("我的备注") && text.contains("value=\"www.theirs.cn\""),
        "what was not touched is taken over"
    );
    assert_eq!(value(&house, id, "phone").text(), "010-11112222");

    let now = version(&house, id);
    assert!(text.contains(&format!("name=\"_version\" value=\"{now}\"")));
    let form = [
        ("_version", now.as_str()),
        ("phone", "010-33334444"),
        ("_take.phone", "theirs"),
        ("remark", "我的备注"),
    ];
    assert!(house.post(WANG, &path, &form).header("hx-redirect").contains(&path));
    assert_eq!(value(&house, id, "phone").text(), "010-11112222");
    assert_eq!(value(&house, id, "remark").text(), "我的备注");
}

#[test]
fn child_rows_are_saved_as_a_set_and_another_s_new_row_is_not_lost_in_silence() {
    let house = house();
    let id = house.id("北京金泰格");
    let path = format!("/customer/{id}");
    let rows = |house: &House| {
        house.system(move |desk| {
            let child = desk.catalog().registry.entity("address").unwrap();
            let def = desk.entity("customer")?;
            Ok(desk.rows_of(def, id, child)?.iter().map(|it| (it.id, it.title.clone())).collect::<Vec<_>>())
        })
    };
    // Rows that a script adds are numbered by the clock.
    let form = [
        ("_part", "address"),
        ("_rows.address", ""),
        ("address.0.id", ""),
        ("address.1764059000123.address", "一号库"),
        ("address.1764059000124.address", "二号库"),
    ];
    assert_eq!(house.post(WANG, &path, &form).status, 200);
    let before = rows(&house);
    assert_eq!(before.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(), ["一号库", "二号库"]);

    let edit = house.get(WANG, &format!("{path}/part/address")).text();
    let state = edit.split("_rows.address\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    house.post(
        BOSS,
        &path,
        &[
            ("address.0.id", ""),
            ("address.1.id", &before[0].0.to_string()),
            ("address.1.address", "一号库"),
            ("address.2.address", "三号库"),
        ],
    );
    let mine = [("_part", "address"), ("_rows.address", state.as_str()), ("address.0.id", "")];
    let told = house.post(WANG, &path, &mine);
    assert_eq!(told.status, 412);
    assert!(told.text().contains("三号库"), "{}", told.text());
    assert_eq!(rows(&house).len(), 2);

    let edit = house.get(WANG, &format!("{path}/part/address")).text();
    let state = edit.split("_rows.address\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    house.post(WANG, &path, &[("_part", "address"), ("_rows.address", state.as_str()), ("address.0.id", "")]);
    assert!(rows(&house).is_empty(), "no row is a set too");
}

#[test]
fn an_equal_name_is_allowed_after_the_question() {
    let house = house();
    let form = [("name", "唐山市瑞丰建材贸易公司")];

    let asked = house.post(WANG, "/customer", &form);
    let sure = house.post(WANG, "/customer", &[form[0], ("_alike", "yes")]);

    assert_eq!(asked.status, 409);
    assert!(
        asked.text().contains("唐山瑞丰建材贸易有限公司")
            && asked.text().contains("value=\"唐山市瑞丰建材贸易公司\"")
    );
    assert!(sure.header("hx-redirect").starts_with("/customer/"));
}

#[test]
fn of_a_foreign_customer_only_whose_it_is_is_told_by_the_hour_and_kept() {
    let house = house();
    house.change(|desk| {
        let id = desk.catalog().users.len();
        assert!(id > 0);
        let mut limit: model::system::Parameter = desk
            .trusted()
            .first(&[("name", "check_name_hour".into())])?
            .unwrap_or(model::system::Parameter {
                id: model::Id::NEW,
                name: "check_name_hour".into(),
                value: String::new(),
                stamp: model::Stamp::default(),
            });
        limit.value = "2".into();
        desk.trusted().save(&mut limit).map(drop)
    });
    let look = |who: &str, name: &str| house.get(who, &format!("/customer/alike?name={name}")).text();

    let own = look(BOSS, "太原晋能环保设备公司");
    let foreign = look(WANG, "太原晋能环保设备公司");
    let short = look(WANG, "晋能");
    let second = look(WANG, "太原晋能环保设备");
    let third = look(WANG, "太原晋能环保设备厂");

    assert!(own.contains("太原晋能环保设备有限公司"));
    assert!(
        foreign.contains("已有客户") && foreign.contains("赵敏") && foreign.contains("华北销售部"),
        "{foreign}"
    );
    assert!(!foreign.contains("有限公司") && !foreign.contains("/customer/"), "{foreign}");
    assert!(!short.contains("赵敏"), "too short to ask about others");
    assert!(second.contains("赵敏") && !third.contains("赵敏") && third.contains("次数已用完"), "{third}");
    let kept = house.system(|desk| desk.trusted().find::<Access>(&[("kind", "check_name".into())]));
    assert_eq!(kept.len(), 2);
    assert!(kept[0].query.contains("太原晋能"));
}

#[test]
fn a_wrong_tax_number_warns_at_once_and_blocks_nothing() {
    let house = house();

    let warned = house.get(WANG, "/customer/alike?tax_number=91110115MA01C8K47Y").text();
    let fine = house.get(WANG, "/customer/alike?tax_number=").text();
    let saved =
        house.post(WANG, "/customer", &[("name", "税号客户公司"), ("tax_number", "91110115MA01C8K47Y")]);

    assert!(warned.contains("校验不符") && !fine.contains("校验不符"), "{warned}");
    let card = saved.header("hx-redirect").to_owned();
    assert!(card.starts_with("/customer/"), "{}", saved.text());
    let card = house.get(WANG, &card).text();
    assert!(card.contains("税号待核") && card.contains("校验不符"));
}

#[test]
fn who_may_not_register_hands_in_and_is_told_so() {
    let house = house();

    let form = house.get(WANG, "/customer/new").text();
    let boss = house.get(BOSS, "/customer/new").text();

    let told = |page: &str| page.contains("登记：待登记");
    assert!(told(&form) && !told(&boss));
}

#[test]
fn a_form_begins_with_what_the_address_says() {
    let house = house();
    let id = house.id("北京金泰格");

    let form = house.get(WANG, &format!("/contact/new?customer={id}&name=刘建平&nonsense=1")).text();
    let foreign = house.get(WANG, &format!("/contact/new?customer={}", house.id("太原晋能"))).text();

    assert!(form.contains("北京金泰格散热器有限公司") && form.contains("刘建平"));
    assert!(!foreign.contains("太原晋能"));
}

#[test]
fn a_file_is_handed_out_and_never_shown_as_a_page() {
    let house = house();
    let id = house.id("北京金泰格");
    let path = format!("/customer/{id}/files");
    let page = b"<html><script>alert(1)</script></html>";
    let files: [(&str, &[u8]); 4] = [
        ("../../etc/..\\evil.html", page),
        ("picture.png", page),
        ("real.txt", b"\x89PNG\r\n\x1a\n...."),
        ("offer.pdf", b"%PDF-1.7 x"),
    ];
    for (name, content) in files {
        assert_eq!(upload(&house, WANG, &path, name, content).status, 200, "{name}");
    }

    let kept: Vec<Attachment> = house.system(move |desk| desk.attached("customer", id));
    assert!(kept.iter().all(|it| !it.name.contains(['/', '\\'])), "a name is no path");
    for file in &kept {
        for show in ["", "?show"] {
            let answer = house.get(WANG, &format!("/customer/{id}/file/{}{show}", file.id.0));
            let kind = answer.header("content-type").to_owned();
            let inline = answer.header("content-disposition").starts_with("inline");
            assert!(!kind.contains("html") && !kind.contains("svg"), "{} {kind}", file.name);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
            assert_eq!(
                inline,
                show == "?show" && matches!(kind.as_str(), "image/png" | "application/pdf"),
                "{}",
                file.name
            );
            let is_framed = answer.header("content-security-policy").contains("frame-ancestors 'self'");
            assert_eq!(is_framed, kind == "application/pdf", "{}", file.name);
            assert_eq!(
                answer.bytes,
                std::fs::read(store::files::path(&house.folder.path().join("files"), &file.hash)).unwrap()
            );
        }
    }
    let offer = kept.iter().find(|it| it.name == "offer.pdf").unwrap().id.0;
    let look = house.get(WANG, &format!("/customer/{id}/file/{offer}/look"));
    assert!(look.text().contains(&format!("<iframe src=\"/customer/{id}/file/{offer}?show\"")));
    let stray = std::fs::read_dir(house.folder.path().join("files"))
        .unwrap()
        .filter(|it| it.as_ref().unwrap().path().is_file())
        .count();
    assert_eq!(stray, 0);
}

#[test]
fn a_file_too_large_is_refused_with_the_limit_and_leaves_nothing() {
    let house = house();
    let id = house.id("北京金泰格");

    let refused = upload(&house, WANG, &format!("/customer/{id}/files"), "big.bin", &vec![7; 21 << 20]);
    let none = upload(&house, WANG, &format!("/customer/{id}/files"), "", b"");

    assert_eq!(refused.status, 413);
    assert!(refused.text().contains("20 MB") && refused.header("content-type").starts_with("text/plain"));
    assert!(none.status >= 400);
    let kept: Vec<Attachment> = house.system(move |desk| desk.attached("customer", id));
    assert!(kept.is_empty());
    let left = std::fs::read_dir(house.folder.path().join("files")).map_or(0, |it| it.count());
    assert_eq!(left, 0, "no part of it stays");
}

#[test]
fn a_colleague_s_note_is_changed_only_by_its_author_or_who_may_edit_the_record() {
    let house = house();
    let id = house.id("北京金泰格");
    house.post(WANG, &format!("/customer/{id}/hang/note/new"), &[("text", "我的话"), ("pinned", "true")]);
    house.post(
        WANG,
        &format!("/customer/{id}/hang/team/new"),
        &[("user", &format!("#{}", user(&house, ZHAO))), ("edit", "false")],
    );
    let note = house.system(move |desk| Ok(desk.attached::<Note>("customer", id)?[0].id.0));

    assert!(house.get(ZHAO, &format!("/customer/{id}")).text().contains("我的话"), "on the team one reads");
    let refused = house.post(ZHAO, &format!("/customer/{id}/hang/note/{note}"), &[("text", "别人的话")]);
    let shared = house.post(
        ZHAO,
        &format!("/customer/{id}/hang/team/new"),
        &[("user", &format!("#{}", user(&house, BOSS)))],
    );

    assert_eq!((refused.status, shared.status), (403, 403));
    assert_eq!(
        house.post(WANG, &format!("/customer/{id}/hang/note/{note}"), &[("text", "改过")]).status,
        200
    );
    let text = house.system(move |desk| Ok(desk.attached::<Note>("customer", id)?[0].text.clone()));
    assert_eq!(text, "改过");
}

fn user(house: &House, name: &'static str) -> i64 {
    house.system(move |desk| {
        Ok(desk.catalog().users.values().find(|it| it.user.name == name).unwrap().user.id.0)
    })
}

#[test]
fn the_card_of_a_day_shows_the_old_values_and_changes_nothing() {
    let house = house();
    let id = house.id("北京金泰格");
    house.change(move |desk| {
        desk.update("customer", id, None, &Input::from([("phone", "010-99998888")]))?;
        let old = "2026-01-01T00:00:00.000Z";
        let tx = desk.trusted();
        tx.touch::<domain::Customer>(model::Id::of(id), "created", Value::from(old))
    });

    let then = house.get(WANG, &format!("/customer/{id}?as_of=2026-02-01")).text();
    let unborn = house.get(WANG, &format!("/customer/{id}?as_of=2020-02-01")).text();

    assert!(
        then.contains("2026-02-01") && !then.contains("010-99998888") && !then.contains("/part/"),
        "{then}"
    );
    assert!(unborn.contains("还没有这条记录"));
}

#[test]
fn the_card_of_a_day_has_the_addresses_of_that_day_as_the_api_has() {
    let house = house();
    let id = house.id("北京金泰格");
    let save = move |desk: &mut model::Desk, address: &str| {
        let mut input = Input::default();
        input.rows.insert("address".into(), vec![Input::from([("address", address)])]);
        desk.update("customer", id, None, &input)
    };
    house.change(move |desk| {
        save(desk, "大兴一号库")?;
        let tx = desk.trusted();
        tx.touch::<domain::Customer>(model::Id::of(id), "created", Value::from("2026-01-01T00:00:00.000Z"))
    });
    house
        .db
        .store()
        .write(|conn| conn.execute("UPDATE event SET at = '2026-01-01T00:00:00.000Z'", &[]))
        .unwrap();
    house.change(move |desk| save(desk, "通州二号库"));

    let paths = [
        "/customer/{}?as_of=2026-02-01",
        "/customer/{}?as_of=2026-02-01&at=address",
        "/api/v1/customer/{}?as_of=2026-02-01",
    ];
    for path in paths.map(|it| it.replace("{}", &id.to_string())) {
        let text = house.get(WANG, &path).text();
        assert!(text.contains("大兴一号库") && !text.contains("通州二号库"), "{path}: {text}");
        assert!(!text.contains("/part/"), "nothing to edit");
    }
    let now = house.get(WANG, &format!("/customer/{id}")).text();
    assert!(now.contains("通州二号库") && !now.contains("大兴一号库"));
}

#[test]
fn what_others_refer_to_is_not_deleted_and_the_refusal_leads_to_them() {
    let house = house();
    let id = house.id("北京金泰格");
    house.post(BOSS, "/contact", &[("customer", &format!("#{id}")), ("name", "刘建平")]);

    let refused = house.post(BOSS, "/customer/batch/delete", &[("_ids", &id.to_string())]);

    assert!(refused.text().contains(&format!("/contact?customer={id}")), "{}", refused.text());
}

#[test]
fn a_refused_verb_leaves_its_dialog_open_with_the_reason_and_what_was_typed() {
    let house = house();
    let id = house.id("唐山瑞丰");
    house.post(BOSS, &format!("/customer/{id}/release"), &[("reason", "调整")]);

    let refused = house.post(BOSS, &format!("/customer/{id}/release"), &[("reason", "又一次调整")]);

    assert_eq!(refused.status, 409);
    let text = refused.text();
    assert!(text.contains("客户已在公海") && text.contains("又一次调整") && text.contains("<form"), "{text}");
}

#[test]
fn a_program_is_told_taken_pool_or_free_within_the_same_bounds() {
    let house = house();
    house.post(WANG, "/customer/release", &[("_ids", &house.id("唐山瑞丰").to_string()), ("reason", "调整")]);
    let asked = |who: &str, name: &str| -> serde_json::Value {
        let answer = house.get(who, &format!("/api/v1/customer/check_name?name={name}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.bytes).unwrap()
    };

    let foreign = asked(WANG, "太原晋能环保设备公司");
    let pool = asked(WANG, "唐山瑞丰建材贸易");
    let free = asked(WANG, "从没听说过的公司");

    assert_eq!((&foreign["state"], &foreign["found"][0]["owner"]), (&"taken".into(), &"赵敏".into()));
    assert!(foreign["found"][0]["id"].is_null() && foreign["found"][0]["title"].is_null(), "{foreign}");
    assert_eq!((&pool["state"], &free["state"]), (&"pool".into(), &"free".into()));
    assert_eq!(house.get(READER, "/api/v1/customer/check_name?name=北京金泰格散热器").status, 403);
}

#[test]
fn one_follows_for_oneself_and_a_tag_is_there_once() {
    let house = house();
    let id = house.id("北京金泰格");
    let path = format!("/customer/{id}");
    let followers =
        || house.system(move |desk| Ok(desk.attached::<model::system::Follower>("customer", id)?.len()));

    house.post(WANG, &format!("{path}/follow"), &[]);
    assert_eq!(followers(), 1);
    house.post(WANG, &format!("{path}/follow"), &[]);
    assert_eq!(followers(), 0);
    let other = house.post(WANG, &format!("{path}/hang/follower/new"), &[("user", "#1")]);
    assert_eq!((other.status, followers()), (404, 0));

    for _ in 0..2 {
        house.post(WANG, &format!("{path}/hang/tag/new"), &[("name", "月结")]);
    }
    let tags: Vec<model::system::Tag> = house.system(move |desk| desk.attached("customer", id));
    assert_eq!(tags.len(), 1);
    house.post(WANG, &format!("{path}/hang/tag/{}", tags[0].id.0), &[("_delete", "1")]);
    assert!(!house.get(WANG, &path).text().contains("月结"));
}

#[test]
fn an_address_that_names_no_record_is_a_page_not_found() {
    let house = house();
    let id = house.id("北京金泰格");
    let paths = ["{x}", "{x}/edit", "{x}/part/0", "{id}/file/{x}", "{id}/file/{x}/look", "{x}/history"];
    for path in paths {
        for x in ["abc", "1x", "99999999999999999999", "1.5"] {
            let path = format!("/customer/{}", path.replace("{x}", x).replace("{id}", &id.to_string()));
            let answer = house.get(WANG, &path);
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            assert!(answer.text().contains("<main"), "{path}: {}", answer.text());
        }
    }
}
