#include "contacts/import_csv.h"
#include "contacts/import_text.h"
#include "postrider/base/random.h"
#include "support/results.h"
#include "support/shared_files.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <catch2/catch.hpp>

#include <ctime>
#include <limits>

using namespace postrider;
using namespace postrider::contacts;

namespace {

using Records = std::vector<std::vector<std::string>>;

struct ReadFile {
  Records records;
  std::vector<std::int64_t> rows;
  std::optional<Error> error;
  char delimiter = '\0';
};

// Feeds the text in pieces whose sizes `piece` says.
ReadFile read(std::string_view text, std::function<std::size_t()> const& piece, CsvLimits limits = CsvLimits()) {
  ReadFile out;
  CsvReader reader(limits, [&out](CsvRecord const& record) {
    out.records.emplace_back(record.cells.begin(), record.cells.end());
    out.rows.push_back(record.row);
  });
  while (!text.empty()) {
    auto const size = std::min(std::max<std::size_t>(1, piece()), text.size());
    auto const fed = reader.feed(text.substr(0, size));
    if (!fed) {
      out.error = fed.error();
      return out;
    }
    text.remove_prefix(size);
  }
  auto const ended = reader.finish();
  if (!ended) out.error = ended.error();
  out.delimiter = reader.delimiter();
  return out;
}

ReadFile read(std::string_view text) {
  return read(text, [] { return std::size_t{1} << 20U; });
}

}  // namespace

TEST_CASE("csv-spectrum is read as its JSON says, however the file is cut into pieces") {
  SeededRandom random(7);
  int files = 0;
  for (std::string const name : {"comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines", "newlines_crlf", "quotes_and_newlines",
                                 "simple", "simple_crlf", "utf8"}) {
    auto csv = test::shared_text("suites/csv-spectrum/csvs/" + name + ".csv");
    auto const wanted = test::shared_text("suites/csv-spectrum/json/" + name + ".json");
    if (!csv || !wanted) return;
    INFO(name);
    ++files;
    // A checkout may have taken the CRs away that two of the files are about.
    if (name.ends_with("_crlf") && csv->find('\r') == std::string::npos)
      for (std::size_t at = 0; (at = csv->find('\n', at)) != std::string::npos; at += 2) csv->insert(at, 1, '\r');
    auto const whole = read(*csv);
    REQUIRE(!whole.error);
    auto const expected = boost::json::parse(*wanted);
    auto const& objects = expected.is_array() ? expected.as_array() : boost::json::array{expected};
    REQUIRE(whole.records.size() == objects.size() + 1);
    auto const& header = whole.records.front();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      auto const& object = objects[i].as_object();
      REQUIRE(whole.records[i + 1].size() == object.size());
      for (std::size_t c = 0; c < header.size(); ++c) CHECK(whole.records[i + 1][c] == std::string(object.at(header[c]).as_string()));
    }
    for (int turn = 0; turn < 50; ++turn) {
      auto const pieces = read(*csv, [&random] { return random.next() % 7 + 1; });
      CHECK(pieces.records == whole.records);
      CHECK(pieces.rows == whole.rows);
    }
  }
  CHECK(files == 11);
}

TEST_CASE("the first line tells comma, semicolon and tab apart") {
  CHECK(read("email;name\na@x.net;A, B\n").delimiter == ';');
  CHECK(read("email\tname\n").delimiter == '\t');
  CHECK(read("email,\"a;b;c;d\"\n").delimiter == ',');
  CHECK(read("email\n").delimiter == ',');
  auto const told = read("sep=;\r\nemail;name\r\na;b\r\n");
  CHECK(told.records == Records{{"email", "name"}, {"a", "b"}});
  CHECK(told.rows.front() == 1);
}

TEST_CASE("rows are numbered as a spreadsheet numbers them") {
  auto const found = read("email\r\n\r\na\r\n\n\rb");
  CHECK(found.records == Records{{"email"}, {"a"}, {"b"}});
  CHECK(found.rows == std::vector<std::int64_t>{1, 3, 6});
}

TEST_CASE("quotes that people get wrong cost no more than their own cell") {
  CHECK(read("a,b\n\"x\"y,z\n").records[1] == std::vector<std::string>{"xy", "z"});
  CHECK(read("a,b\nx\"y\"z,q\n").records[1] == std::vector<std::string>{"x\"y\"z", "q"});
  CHECK(read("a,b\n \"x, y\" ,z\n").records[1] == std::vector<std::string>{"x, y", "z"});
}

TEST_CASE("a quote that never ends is an error that says where it began") {
  auto const open = read("a,b\n1,2\n3,\"oops\n5,6\n");
  REQUIRE(open.error);
  CHECK(open.error->message.find("row 3") != std::string::npos);
  CHECK(open.error->message.find("line 3") != std::string::npos);
  CsvLimits small;
  small.quoted = 1000;
  auto const endless = read("a\n\"" + std::string(5000, 'x'), [] { return std::size_t{64}; }, small);
  REQUIRE(endless.error);
  CHECK(endless.error->message.find("row 2") != std::string::npos);
}

TEST_CASE("cells, records and columns beyond the limits are cut and marked, not kept") {
  CsvLimits limits;
  limits.cell = 10;
  limits.columns = 3;
  std::vector<bool> cut;
  std::size_t widest = 0;
  CsvReader reader(limits, [&](CsvRecord const& record) {
    cut.push_back(record.cut);
    for (auto const cell : record.cells) CHECK(cell.size() <= 10);
    widest = std::max(widest, record.cells.size());
  });
  REQUIRE(reader.feed("a,b\n" + std::string(100, 'x') + ",y\n1,2,3,4,5,6,7,8\n"));
  REQUIRE(reader.finish());
  CHECK(cut == std::vector<bool>{false, true, false});
  CHECK(widest == 4);
}

TEST_CASE("random bytes are read to their end or refused, the same in pieces as whole") {
  SeededRandom random(11);
  constexpr std::string_view favourites = "\",;\t\r\n a\xc3\xa9";
  for (int turn = 0; turn < 3000; ++turn) {
    std::string text;
    auto const size = random.next() % 200;
    for (std::size_t i = 0; i < size; ++i) {
      if (random.next() % 8 == 0) text += static_cast<char>(random.next());
      else text += favourites[random.next() % favourites.size()];
    }
    auto const whole = read(text);
    auto const pieces = read(text, [&random] { return random.next() % 5 + 1; });
    REQUIRE(whole.error.has_value() == pieces.error.has_value());
    REQUIRE(whole.records == pieces.records);
    REQUIRE(whole.rows == pieces.rows);
  }
}

TEST_CASE("what is written as CSV is read back the same, also through the guard against formulas") {
  SeededRandom random(13);
  constexpr std::string_view favourites = "\",;\t\r\n a=+-@'";
  for (int turn = 0; turn < 2000; ++turn) {
    std::vector<std::string> cells(3);
    for (auto& cell : cells) {
      auto const size = random.next() % 6;
      for (std::size_t i = 0; i < size; ++i) cell += favourites[random.next() % favourites.size()];
    }
    std::string plain, safe = "h,h,h\n";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      append_csv(safe, guarded(cells[i]));
      safe += i + 1 < cells.size() ? ',' : '\n';
      auto const guard = guarded(cells[i]);
      CHECK((guard.empty() || std::string_view("=+-@\t\r").find(guard.front()) == std::string_view::npos));
      CHECK(unguarded(guard) == cells[i]);
    }
    auto const back = read(safe);
    REQUIRE(!back.error);
    REQUIRE(back.records.size() == 2);
    for (std::size_t i = 0; i < cells.size(); ++i) CHECK(unguarded(back.records[1][i]) == cells[i]);
  }
}

TEST_CASE("reading twice as much takes no more than twice as long") {
  auto const measure = [](std::string const& text) {
    double best = std::numeric_limits<double>::max();  // seconds
    for (int turn = 0; turn < 5; ++turn) {
      std::size_t records = 0;
      CsvReader reader(CsvLimits(), [&records](CsvRecord const&) { ++records; });
      auto const started = std::clock();  // of this process: what else the machine does counts for nothing
      for (std::size_t at = 0; at < text.size(); at += 1000) REQUIRE(reader.feed(std::string_view(text).substr(at, 1000)));
      REQUIRE(reader.finish());
      best = std::min(best, static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC);
    }
    return best;
  };
  std::vector<std::string> const shapes{"jane@example.net,Jane,\"a \"\"quoted\"\" cell\",42\r\n", "\"\"\"\"\"\"\"\"\"\",x\n", ",,,,,,,,,,,,,,\n"};
  for (auto const& shape : shapes) {
    std::string once = "a,b,c,d\n";
    while (once.size() < 1'000'000) once += shape;
    auto twice = once + once;
    auto const first = measure(once);
    auto const second = measure(twice);
    INFO(shape << first << " s and " << second << " s");
    CHECK(second < 2.6 * first);
  }
}

TEST_CASE("encodings: UTF-16 by its mark, Windows-1252 by the first record that is not UTF-8") {
  auto decode = [](std::string const& bytes, std::size_t piece) {
    TextDecoder decoder;
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += piece) out += decoder.feed(std::string_view(bytes).substr(at, piece));
    return out + decoder.finish();
  };
  std::string const little("\xff\xfe" "a\0\xe9\0\x3d\xd8\x00\xde", 10);
  std::string const big("\xfe\xff" "\0a\0\xe9\xd8\x3d\xde\x00", 10);
  for (std::size_t piece = 1; piece < 11; ++piece) {
    CHECK(decode(little, piece) == "aé\U0001F600");
    CHECK(decode(big, piece) == "aé\U0001F600");
    CHECK(decode("\xef\xbb\xbf" "aé", piece) == "aé");
    CHECK(decode("ab", piece) == "ab");
    CHECK(decode(std::string("\xff\xfe" "a\0\x3d\xd8", 6), piece) == "a\xef\xbf\xbd");
  }
  TextDecoder latin;
  CHECK(latin.settle("plain"));
  CHECK(latin.encoding() == Encoding::unknown);
  CHECK(latin.settle("Zo\xe9"));
  CHECK(latin.encoding() == Encoding::windows_1252);
  CHECK(from_windows_1252("Zo\xe9 \x80 \x93") == "Zoé € “");
  TextDecoder utf8;
  CHECK(utf8.settle("Zoé"));
  CHECK(utf8.encoding() == Encoding::utf_8);
  CHECK_FALSE(utf8.settle("Zo\xe9"));
}

TEST_CASE("rows are counted the same when a piece ends between the CR and the LF of a sep= line") {
  std::string_view const text = "sep=;\r\nemail;name\r\na;b\r\n";
  auto const whole = read(text);
  auto const bytewise = read(text, [] { return std::size_t(1); });
  CHECK(bytewise.records == whole.records);
  CHECK(bytewise.rows == whole.rows);
}
