//! A blocking client of one connection that does as little as it can.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use tests::served::cookie;

pub struct Client {
    stream: BufReader<TcpStream>,
    cookie: String,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: &str, token: &str) -> Client {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Client { stream: BufReader::with_capacity(1 << 16, stream), cookie: cookie(token) }
    }

    pub fn get(&mut self, path: &str, encoding: &str) -> Answer {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {}\r\naccept-encoding: {encoding}\r\n\r\n",
            self.cookie
        );
        self.ask(head.as_bytes())
    }

    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "application/json", body)
    }

    pub fn patch(&mut self, path: &str, body: &str) -> Answer {
        self.send("PATCH", path, "application/json", body)
    }

    /// As a page sends what was filled in.
    pub fn form(&mut self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "application/x-www-form-urlencoded", body)
    }

    fn send(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\norigin: http://bench\r\ncookie: {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        );
        self.ask(head.as_bytes())
    }

    fn ask(&mut self, request: &[u8]) -> Answer {
        self.stream.get_mut().write_all(request).expect("it is sent");
        let (mut line, mut status, mut length, mut chunked) = (String::new(), 0, 0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a head");
            let text = line.trim_end().to_ascii_lowercase();
            match text.split_once(": ") {
                _ if text.is_empty() => break,
                Some(("content-length", value)) => length = value.parse().expect("a number"),
                Some(("transfer-encoding", "chunked")) => chunked = true,
                None => status = text.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        while chunked {
            line.clear();
            self.stream.read_line(&mut line).expect("a chunk");
            let size = usize::from_str_radix(line.trim_end(), 16).expect("its size");
            let from = body.len();
            body.resize(from + size + 2, 0);
            self.stream.read_exact(&mut body[from..]).expect("a chunk");
            body.truncate(from + size);
            chunked = size > 0;
        }
        Answer { status, body }
    }
}
