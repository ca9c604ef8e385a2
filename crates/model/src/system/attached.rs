//! What hangs on any record: files, notes, tags, followers, team. Each begins with the record's entity and id, and
//! takes its scope from there.

use sha2::{Digest, Sha256};

use crate::{Date, Entity, Error, Id, Moment, Result, Scalar, Sql, Stamp, Tx};

use super::User;

/// A file; its bytes lie under the data folder by their hash.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "附件", en = "Attachment", icon = "paperclip", title = name)]
pub struct Attachment {
    pub id: Id<Attachment>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "文件名", en = "File name", required, list)]
    pub name: String,
    /// SHA-256 in hexadecimal.
    #[field(zh = "校验值", en = "Hash", readonly)]
    pub hash: String,
    #[field(zh = "大小", en = "Size", unit = "B", readonly, list)]
    pub size: i64,
    #[field(zh = "类型", en = "Type", readonly, list)]
    pub mime: String,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "备注", en = "Note", icon = "note", title = text)]
pub struct Note {
    pub id: Id<Note>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "内容", en = "Text", required, list, format = Long)]
    pub text: String,
    #[field(zh = "置顶", en = "Pinned", list)]
    pub pinned: bool,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "标签", en = "Tag", icon = "tag", title = name)]
pub struct Tag {
    pub id: Id<Tag>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "标签", en = "Tag", required, list, filter, again)]
    pub name: String,
    pub stamp: Stamp,
}

/// Who wants to see what becomes of a record.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "关注", en = "Follower", icon = "star", title = user)]
pub struct Follower {
    pub id: Id<Follower>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "用户", en = "User", required, list, filter)]
    pub user: Id<User>,
    pub stamp: Stamp,
}

/// A further colleague who sees a record, or works on it, for a time.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "协作人", en = "Team member", icon = "users-plus", title = user)]
pub struct Team {
    pub id: Id<Team>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "协作人", en = "Member", required, list, filter)]
    pub user: Id<User>,
    #[field(zh = "可编辑", en = "May edit", list)]
    pub edit: bool,
    /// The last day of the membership.
    #[field(zh = "有效至", en = "Until", list)]
    pub until: Option<Date>,
    pub stamp: Stamp,
}

/// A way to one record for somebody without an account. Whoever holds it sees that record alone and may do what it says.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "外部链接", en = "Link", icon = "link", title = verbs)]
pub struct Link {
    pub id: Id<Link>,
    #[field(zh = "档案", en = "Entity", readonly, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", readonly, filter)]
    pub record: i64,
    /// SHA-256 in hexadecimal.
    #[field(zh = "令牌", en = "Token", unique, readonly, format = Secret)]
    pub token: String,
    /// The rights that it gives besides sight, parted by blanks.
    #[field(zh = "可做", en = "Allows", readonly, list)]
    pub verbs: String,
    #[field(zh = "有效至", en = "Expires", readonly, list)]
    pub expires: Moment,
    #[field(zh = "已收回", en = "Revoked", readonly, list)]
    pub closed: bool,
    #[field(zh = "最近打开", en = "Last opened", readonly, list)]
    pub seen: Option<Moment>,
    pub stamp: Stamp,
}

/// What the database keeps of a secret that opens a door: its SHA-256 in hexadecimal.
pub fn hashed(token: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

impl Tx<'_> {
    /// Makes a link to a record that gives some rights for some days. Its address is told to whoever acts, once.
    pub fn invite<T: Entity>(&mut self, record: Id<T>, verbs: &str, days: i64) -> Result<()> {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| Error::Internal(error.to_string()))?;
        let token = data_encoding::HEXLOWER.encode(&token);
        let last = self.today().saturating_add(jiff::ToSpan::days(days));
        self.save(&mut Link {
            id: Id::NEW,
            entity: T::DEF.code.to_owned(),
            record: record.0,
            token: hashed(&token),
            verbs: verbs.to_owned(),
            expires: self.day_end(last),
            closed: false,
            seen: None,
            stamp: Stamp::default(),
        })?;
        self.link = Some(format!("/s/{token}"));
        Ok(())
    }

    /// Lets the links to a record hold no longer; returns how many did.
    pub fn revoke_links<T: Entity>(&mut self, record: Id<T>) -> Result<usize> {
        let mut sql = Sql::new("entity = ");
        sql.bind(T::DEF.code).push(" AND record = ").bind(record.0);
        sql.push(" AND closed = 0 AND expires > ").bind(self.now.value()).push(" ORDER BY id");
        let links: Vec<Link> = self.find_where(&sql)?;
        let count = links.len();
        for mut link in links {
            link.closed = true;
            self.save(&mut link)?;
        }
        Ok(count)
    }
}
