#include "content/escape.h"

#include "content/liquid/characters.h"

#include <algorithm>
#include <array>

namespace postrider::content {

namespace {

constexpr std::array<bool, 256> kNeedsEscape = [] {
  std::array<bool, 256> table{};
  for (unsigned char c : {'&', '<', '>', '"', '\''}) table[c] = true;
  return table;
}();

struct Entity {
  std::string_view name;
  char32_t character;
};

// Sorted. The ones that turn up in mails; the rest of HTML's 2,231 stays as written, which every mail client understands.
constexpr Entity kEntities[] = {
    {"AElig", 198},   {"Aacute", 193},  {"Acirc", 194},  {"Agrave", 192},  {"Aring", 197},  {"Atilde", 195},  {"Auml", 196},
    {"Ccedil", 199},  {"ETH", 208},     {"Eacute", 201}, {"Ecirc", 202},   {"Egrave", 200}, {"Euml", 203},    {"Iacute", 205},
    {"Icirc", 206},   {"Igrave", 204},  {"Iuml", 207},   {"Ntilde", 209},  {"OElig", 338},  {"Oacute", 211},  {"Ocirc", 212},
    {"Ograve", 210},  {"Oslash", 216},  {"Otilde", 213}, {"Ouml", 214},    {"Scaron", 352}, {"THORN", 222},   {"Uacute", 218},
    {"Ucirc", 219},   {"Ugrave", 217},  {"Uuml", 220},   {"Yacute", 221},  {"Yuml", 376},   {"aacute", 225},  {"acirc", 226},
    {"acute", 180},   {"aelig", 230},   {"agrave", 224}, {"amp", 38},      {"apos", 39},    {"aring", 229},   {"atilde", 227},
    {"auml", 228},    {"bdquo", 8222},  {"brvbar", 166}, {"bull", 8226},   {"ccedil", 231}, {"cedil", 184},   {"cent", 162},
    {"circ", 710},    {"copy", 169},    {"curren", 164}, {"dagger", 8224}, {"darr", 8595},  {"deg", 176},     {"divide", 247},
    {"eacute", 233},  {"ecirc", 234},   {"egrave", 232}, {"emsp", 8195},   {"ensp", 8194},  {"eth", 240},     {"euml", 235},
    {"euro", 8364},   {"fnof", 402},    {"frac12", 189}, {"frac14", 188},  {"frac34", 190}, {"gt", 62},       {"harr", 8596},
    {"hearts", 9829}, {"hellip", 8230}, {"iacute", 237}, {"icirc", 238},   {"iexcl", 161},  {"igrave", 236},  {"infin", 8734},
    {"iquest", 191},  {"iuml", 239},    {"laquo", 171},  {"larr", 8592},   {"ldquo", 8220}, {"lsaquo", 8249}, {"lsquo", 8216},
    {"lt", 60},       {"macr", 175},    {"mdash", 8212}, {"micro", 181},   {"middot", 183}, {"minus", 8722},  {"nbsp", 160},
    {"ndash", 8211},  {"not", 172},     {"ntilde", 241}, {"oacute", 243},  {"ocirc", 244},  {"oelig", 339},   {"ograve", 242},
    {"ordf", 170},    {"ordm", 186},    {"oslash", 248}, {"otilde", 245},  {"ouml", 246},   {"para", 182},    {"permil", 8240},
    {"plusmn", 177},  {"pound", 163},   {"quot", 34},    {"raquo", 187},   {"rarr", 8594},  {"rdquo", 8221},  {"reg", 174},
    {"rsaquo", 8250}, {"rsquo", 8217},  {"sbquo", 8218}, {"scaron", 353},  {"sect", 167},   {"shy", 173},     {"sup1", 185},
    {"sup2", 178},    {"sup3", 179},    {"szlig", 223},  {"thinsp", 8201}, {"thorn", 254},  {"tilde", 732},   {"times", 215},
    {"trade", 8482},  {"uacute", 250},  {"uarr", 8593},  {"ucirc", 251},   {"ugrave", 249}, {"uml", 168},     {"uuml", 252},
    {"yacute", 253},  {"yen", 165},     {"yuml", 255},   {"zwj", 8205},    {"zwnj", 8204},
};
static_assert(std::is_sorted(std::begin(kEntities), std::end(kEntities), [](auto const& a, auto const& b) { return a.name < b.name; }));

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The character named between `&` and `;`, or 0.
char32_t character_of(std::string_view reference) {
  if (reference.size() > 1 && reference.front() == '#') {
    bool hex = reference[1] == 'x' || reference[1] == 'X';
    char32_t value = 0;
    auto digits = reference.substr(hex ? 2 : 1);
    if (digits.empty() || digits.size() > 7) return 0;
    for (char c : digits) {
      auto digit = hex_digit(c);
      if (digit < 0 || (!hex && digit > 9)) return 0;
      value = value * (hex ? 16 : 10) + static_cast<char32_t>(digit);
    }
    return value > 0x10FFFF || (value >= 0xD800 && value < 0xE000) ? 0 : value;
  }
  auto found = std::lower_bound(std::begin(kEntities), std::end(kEntities), reference,
                                [](Entity const& e, std::string_view n) { return e.name < n; });
  return found != std::end(kEntities) && found->name == reference ? found->character : 0;
}

}  // namespace

void append_escaped_html(std::string& out, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!kNeedsEscape[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, done, i - done);
    done = i + 1;
    switch (text[i]) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += "&#39;"; break;
    }
  }
  out.append(text, done, text.size() - done);
}

std::string unescaped_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for (auto at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
    auto length = text.substr(at, 11).find(';');
    if (length == std::string_view::npos) continue;
    auto character = character_of(text.substr(at + 1, length - 1));
    if (!character) continue;
    out.append(text, done, at - done);
    append_character(out, character);
    done = at + length + 1;
    at += length;
  }
  out.append(text, done, text.size() - done);
  return out;
}

void append_url_encoded(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

std::string url_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace postrider::content
