#include "api/multipart.h"

#include <algorithm>
#include <cctype>

namespace postrider::api {

namespace {

constexpr std::size_t largest_header = 16 * 1024;
constexpr std::size_t longest_boundary = 70;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The value of `name="value"` or `name=value` among the parameters of a header; names compare without case.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  auto at = header.find(';');
  while (at != std::string_view::npos) {
    ++at;
    while (at < header.size() && header[at] == ' ') ++at;
    auto const equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    auto const key = lower(header.substr(at, equals - at));
    std::string value;
    auto end = equals + 1;
    if (end < header.size() && header[end] == '"') {
      for (++end; end < header.size() && header[end] != '"'; ++end) {
        if (header[end] == '\\' && end + 1 < header.size() && (header[end + 1] == '"' || header[end + 1] == '\\')) ++end;
        value += header[end];
      }
    } else {
      auto const stop = std::min(header.find(';', end), header.size());
      value = header.substr(end, stop - end);
      end = stop;
    }
    if (key == name) return value;
    at = header.find(';', end);
  }
  return std::nullopt;
}

Error cut_short() { return invalid("the form ends before its last boundary"); }

}  // namespace

MultipartFile::MultipartFile(http::BodyReader& body, std::string boundary, std::string field)
    : body_(body), delimiter_("\r\n--" + boundary), field_(std::move(field)) {}

std::optional<std::string> MultipartFile::boundary_of(std::string_view content_type) {
  auto const boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > longest_boundary) return std::nullopt;
  return boundary;
}

Task<Result<bool>> MultipartFile::more() {
  auto piece = co_await body_.next();
  if (!piece) co_return piece.error();
  buffer_ += *piece;
  co_return !piece->empty();
}

// The header of the next part, after its delimiter; nothing more to come is an error.
Task<Result<std::string>> MultipartFile::read_header() {
  for (;;) {
    auto const at = buffer_.find(delimiter_);
    if (at != std::string::npos) {
      auto const begin = at + delimiter_.size();
      if (buffer_.compare(begin, 2, "--") == 0) co_return invalid("the form has no field '" + field_ + "' with a file in it");
      auto const end = buffer_.find("\r\n\r\n", begin);
      if (end != std::string::npos) {
        auto header = buffer_.substr(begin, end - begin);
        buffer_.erase(0, end + 4);
        co_return header;
      }
      if (buffer_.size() - begin > largest_header) co_return invalid("the form has a part whose header does not end");
    } else if (buffer_.size() > delimiter_.size()) {
      buffer_.erase(0, buffer_.size() - delimiter_.size());
    }
    auto const came = co_await more();
    if (!came) co_return came.error();
    if (!*came) co_return cut_short();
  }
}

Task<Result<void>> MultipartFile::find() {
  for (;;) {
    auto const header = co_await read_header();
    if (!header) co_return header.error();
    std::string_view rest = *header;
    while (!rest.empty()) {
      auto const end = std::min(rest.find("\r\n"), rest.size());
      auto const line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 2, rest.size()));
      constexpr std::string_view disposition = "content-disposition:";
      if (!lower(line.substr(0, disposition.size())).starts_with(disposition)) continue;
      if (parameter(line, "name") != field_) continue;
      filename_ = parameter(line, "filename");
      if (filename_) filename_ = filename_->substr(filename_->find_last_of("/\\") + 1);
      co_return Result<void>();
    }
  }
}

Task<Result<std::string>> MultipartFile::next() {
  while (!ended_) {
    auto const at = buffer_.find(delimiter_);
    if (at != std::string::npos) {
      ended_ = true;
      auto piece = buffer_.substr(0, at);
      buffer_.clear();
      if (!piece.empty()) co_return piece;
      break;
    }
    if (buffer_.size() > delimiter_.size()) {
      auto const sure = buffer_.size() - delimiter_.size();
      auto piece = buffer_.substr(0, sure);
      buffer_.erase(0, sure);
      co_return piece;
    }
    auto const came = co_await more();
    if (!came) co_return came.error();
    if (!*came) co_return cut_short();
  }
  // What follows is not the file's; it is read so that the connection can go on.
  for (;;) {
    auto rest = co_await body_.next();
    if (!rest || rest->empty()) co_return rest;
  }
}

}  // namespace postrider::api
