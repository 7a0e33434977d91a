// Build tool: turns sql/*.sql and sql/schema/*.sql into C++ constants, and refuses what would not run on both databases.
//
//   sql/<module>.sql            one text for both
//   sql/<module>.postgres.sql   with the same names in sql/<module>.sqlite.sql
//   -- name: find
//   -- tag: router              router | shard | fanout | reference | utility
//   -- prose that says what it answers
//   select … ;
//
// Usage: embed_sql SQL_DIRECTORY OUTPUT_DIRECTORY
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Text {
  std::string tag;
  std::string sql;
  std::string where;  // file:line
};
// name -> text, in order of appearance
struct File {
  std::vector<std::string> order;
  std::map<std::string, Text> texts;
};

int failures = 0;

void refuse(std::string const& where, std::string const& why) {
  std::cerr << where << ": " << why << "\n";
  ++failures;
}

std::string read(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string trimmed(std::string const& text) {
  auto const from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

// Without comments: what the databases get, and what the rules look at.
std::string without_comments(std::string const& sql) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') quoted = !quoted;
    if (!quoted && sql[i] == '-' && i + 1 < sql.size() && sql[i + 1] == '-') {
      while (i < sql.size() && sql[i] != '\n') ++i;
      out += '\n';
      continue;
    }
    out += sql[i];
  }
  return out;
}

File parse(fs::path const& path) {
  File file;
  std::istringstream lines(read(path));
  std::string line;
  std::string name;
  int number = 0;
  while (std::getline(lines, line)) {
    ++number;
    auto const where = path.filename().string() + ":" + std::to_string(number);
    if (line.rfind("-- name:", 0) == 0) {
      name = trimmed(line.substr(8));
      if (!std::regex_match(name, std::regex("[a-z][a-z0-9_]*"))) refuse(where, "a statement's name is lower_case: '" + name + "'");
      if (file.texts.contains(name)) refuse(where, "'" + name + "' stands twice");
      file.order.push_back(name);
      file.texts[name].where = where;
      continue;
    }
    if (name.empty()) {
      if (!trimmed(line).empty() && line.rfind("--", 0) != 0) refuse(where, "SQL before the first '-- name:'");
      continue;
    }
    if (line.rfind("-- tag:", 0) == 0) {
      file.texts[name].tag = trimmed(line.substr(7));
      continue;
    }
    file.texts[name].sql += line + "\n";
  }
  static std::set<std::string> const tags{"router", "shard", "fanout", "reference", "utility"};
  for (auto& [key, text] : file.texts) {
    if (!tags.contains(text.tag)) refuse(text.where, "'" + key + "' needs a line '-- tag:' with router, shard, fanout, reference or utility");
    text.sql = trimmed(without_comments(text.sql));
    if (text.sql.empty() || text.sql.back() != ';') refuse(text.where, "'" + key + "' must end in a semicolon");
    if (!text.sql.empty()) text.sql.pop_back();
    static std::regex const clock("\\b(now\\(|current_timestamp|current_date|datetime\\('now|clock_timestamp|gen_random_uuid|random\\()", std::regex::icase);
    if (std::regex_search(text.sql, clock)) refuse(text.where, "'" + key + "' asks for the time or makes an id: pass it as a parameter");
  }
  return file;
}

void check_shared(File const& file) {
  static std::regex const dialect("::|\\bdate_trunc\\b|\\bstrftime\\b|skip locked|for update|\\bany\\s*\\(|json_each|unnest|jsonb_|\\bilike\\b|distinct on", std::regex::icase);
  for (auto const& [name, text] : file.texts) {
    std::smatch found;
    if (std::regex_search(text.sql, found, dialect))
      refuse(text.where, "'" + name + "' uses '" + found.str() + "', which one of the databases does not know: write it for both");
  }
}

// Raw strings are split, since compilers bound the length of one.
std::string literal(std::string const& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size() || at == 0; at += 8000) {
    out += "R\"sql~(" + text.substr(at, 8000) + ")sql~\"\n";
    if (text.empty()) break;
  }
  return out;
}

void write_if_changed(fs::path const& path, std::string const& text) {
  if (fs::exists(path) && read(path) == text) return;
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed_sql SQL_DIRECTORY OUTPUT_DIRECTORY\n";
    return 2;
  }
  fs::path const from = argv[1];
  fs::path const to = argv[2];
  fs::create_directories(to);

  struct Module {
    File shared, postgres, sqlite;
  };
  std::map<std::string, Module> modules;
  for (auto const& entry : fs::directory_iterator(from)) {
    auto const file = entry.path().filename().string();
    if (entry.path().extension() != ".sql") continue;
    auto const module = file.substr(0, file.find('.'));
    auto& m = modules[module];
    if (file == module + ".sql") m.shared = parse(entry.path());
    else if (file == module + ".postgres.sql") m.postgres = parse(entry.path());
    else if (file == module + ".sqlite.sql") m.sqlite = parse(entry.path());
    else refuse(file, "is neither <module>.sql nor <module>.postgres.sql nor <module>.sqlite.sql");
  }

  std::string catalogue = "#include \"postrider/db/statement.h\"\n";
  std::string list;
  for (auto const& [module, m] : modules) {
    check_shared(m.shared);
    std::string header = "#pragma once\n#include \"postrider/db/statement.h\"\nnamespace postrider::sql::" + module + " {\n";
    auto emit = [&](std::string const& name, Text const& postgres, Text const& sqlite) {
      if (postgres.tag != sqlite.tag) refuse(postgres.where, "'" + name + "' has another tag for SQLite");
      header += "inline constexpr db::Statement " + name + "{\"" + module + "\", \"" + name + "\", db::Tag::" + postgres.tag + ",\n" +
                literal(postgres.sql) + ",\n" + literal(sqlite.sql) + "};\n";
      list += "  &postrider::sql::" + module + "::" + name + ",\n";
    };
    for (auto const& name : m.shared.order) {
      auto const& text = m.shared.texts.at(name);
      if (m.postgres.texts.contains(name) || m.sqlite.texts.contains(name)) refuse(text.where, "'" + name + "' is shared and split at once");
      emit(name, text, text);
    }
    for (auto const& name : m.postgres.order) {
      auto const& text = m.postgres.texts.at(name);
      if (!m.sqlite.texts.contains(name)) {
        refuse(text.where, "'" + name + "' has no text for SQLite");
        continue;
      }
      emit(name, text, m.sqlite.texts.at(name));
    }
    for (auto const& name : m.sqlite.order)
      if (!m.postgres.texts.contains(name)) refuse(m.sqlite.texts.at(name).where, "'" + name + "' has no text for PostgreSQL");
    header += "}\n";
    write_if_changed(to / (module + ".h"), header);
    catalogue += "#include \"sql/" + module + ".h\"\n";
  }
  catalogue += "#include \"db/migrations.h\"\nnamespace postrider::db {\nstd::vector<Statement const*> const& catalogue() {\n  static std::vector<Statement const*> const all{\n" + list +
               "  };\n  return all;\n}\n";

  // Migrations: NNNN_name.sql for both, or NNNN_name.postgres.sql and NNNN_name.sqlite.sql; each number's shared text runs first.
  std::vector<fs::path> scripts;
  if (fs::exists(from / "schema"))
    for (auto const& entry : fs::directory_iterator(from / "schema")) scripts.push_back(entry.path());
  // What both have comes before what one has: "0001_x.sql", then "0001_x.postgres.sql".
  std::sort(scripts.begin(), scripts.end(), [](fs::path const& a, fs::path const& b) {
    return std::make_pair(a.stem().stem().string(), a.filename().string().size()) < std::make_pair(b.stem().stem().string(), b.filename().string().size());
  });
  std::string migrations;
  for (auto const& path : scripts) {
    auto const file = path.filename().string();
    std::smatch parts;
    static std::regex const shape("([0-9]{4})_([a-z0-9_]+?)(\\.postgres|\\.sqlite)?\\.sql");
    if (!std::regex_match(file, parts, shape)) {
      refuse(file, "a migration is called NNNN_name.sql, NNNN_name.postgres.sql or NNNN_name.sqlite.sql");
      continue;
    }
    std::string const kind = parts[3].str();
    migrations += "  {" + std::to_string(std::stoi(parts[1])) + ", \"" + parts[2].str() + "\", " + (kind == ".sqlite" ? "false" : "true") + ", " +
                  (kind == ".postgres" ? "false" : "true") + ",\n" + literal(read(path)) + "},\n";
  }
  catalogue += "std::vector<MigrationScript> const& migration_scripts() {\n  static std::vector<MigrationScript> const all{\n" + migrations +
               "  };\n  return all;\n}\n}  // namespace postrider::db\n";
  write_if_changed(to / "catalogue.cc", catalogue);
  fs::last_write_time(to / "catalogue.cc", fs::file_time_type::clock::now());
  return failures == 0 ? 0 : 1;
}
