//! Settings: what is in the file is told as it is, and changed only where somebody asked.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Home;

#[test]
fn an_unknown_setting_is_refused_with_the_nearest() {
    let home = Home::robin();
    home.refuses(2, &["config", "get", "lisen"]).says(&["there is no setting called \"lisen\"", "did you mean: listen?"]);
    home.refuses(2, &["config", "set", "contry", "GB"]).says(&["did you mean: country?"]);
    assert!(!home.path().join("config.toml").exists(), "what was refused wrote nothing");
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line_and_stops_nothing() {
    let home = Home::robin();
    home.stop();
    let file = home.path().join("config.toml");
    let text = "# mine\ncontry = \"GB\"\nown-number = 7\nlisten = \"127.0.0.1:0\" # quiet\n";
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    home.log(&["--after", "40"]);
    let told = home.ok(&["config", "list"]).says(&["line 2 of", "contry", "did you mean: country?", "line 3 of", "own-number"]);
    assert!(told.stdout.contains("listen") && !told.stdout.contains("contry"), "{told:?}");
    home.ok(&["config", "get", "own-number"]).says(&["line 3 of"]);
    home.ok(&["status"]);
    let doctor = home.run(&["doctor", "--json"]).exits(9).data();
    let about = doctor["checks"].as_array().unwrap().iter().filter(|check| check["kind"] == "settings").count();
    assert_eq!(about, 2, "{doctor}");
    home.ok(&["config", "set", "country", "ie"]);
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(now.starts_with(text) && now.ends_with("country = \"IE\"\n"), "{now}");
    home.ok(&["config", "set", "own-number", "Sam, 07700 900123"]);
    assert!(home.json(&["config", "get", "own-number"])["problem"].is_null());

    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ncountry = \n").unwrap();
    home.refuses(1, &["config", "set", "country", "GB"]).says(&["line 2 of"]);
    home.stop();
    home.log(&["--after", "41"]);
    assert_eq!(home.list().len(), 2, "a file that cannot be read keeps nobody from their journal");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "listen = \"127.0.0.1:0\"\ncountry = \n");
}

#[test]
fn who_changes_a_setting_hears_from_when_on_it_holds() {
    let home = Home::robin();
    for (key, value) in [("discovery", "off"), ("lock-after", "15m"), ("port-mapping", "on")] {
        let told = home.ok(&["config", "set", key, value]).stdout;
        assert!(told.contains("it holds from now on"), "{told}");
    }
    let told = home.ok(&["config", "set", "listen", "127.0.0.1:0"]).stdout;
    assert!(told.contains("from the next start of the daemon"), "{told}");
}

#[test]
fn each_setting_says_where_it_comes_from() {
    let mut home = Home::robin();
    home.ok(&["config", "set", "country", "GB"]);
    let source = |home: &Home, key: &str| home.json(&["config", "get", key])["source"].as_str().unwrap().to_owned();
    assert_eq!(
        (source(&home, "listen"), source(&home, "country"), source(&home, "own-number")),
        ("environment".into(), "config".into(), "default".into())
    );
    let list = home.ok(&["config", "list"]).stdout;
    assert!(list.contains("environment") && list.contains("file") && list.contains("default"), "{list}");
    home.stop();
    home.env.retain(|(name, _)| *name != "ASIF_LISTEN");
    home.ok(&["config", "set", "listen", "127.0.0.1:0"]);
    assert_eq!(source(&home, "listen"), "config");
    home.ok(&["config", "set", "listen", "--default"]);
    assert_eq!(source(&home, "listen"), "default");
}
