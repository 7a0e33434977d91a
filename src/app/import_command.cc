#include "app/import_command.h"

#include "app/wiring.h"

#include <filesystem>
#include <fstream>
#include <iostream>

namespace postrider::app {

namespace {

class DiskFile : public contacts::FileSource {
 public:
  explicit DiskFile(std::string const& path) : in_(path, std::ios::binary) {}
  bool is_open() const { return in_.is_open(); }

  Task<Result<std::string>> next() override {
    std::string piece(piece_size, '\0');
    in_.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in_.gcount()));
    if (in_.bad()) co_return unavailable("the file cannot be read on");
    co_return piece;
  }

 private:
  static constexpr std::size_t piece_size = 256 * 1024;
  std::ifstream in_;
};

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

// contacts.csv -> contacts.rejected.csv
std::filesystem::path rejected_beside(std::filesystem::path file) {
  auto const extension = file.extension().string();
  return file.replace_extension(".rejected" + (extension.empty() ? std::string(".csv") : extension));
}

Task<void> write_rejections(contacts::Imports& imports, TenantId tenant, contacts::Import import, std::filesystem::path to) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::int64_t after = 0;
  bool begun = false;
  for (;;) {
    auto const piece = co_await imports.rejections(tenant, import, after, begun);
    if (!piece) break;
    out << *piece;
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write the rejected rows to " + to.string() + "; check that its folder may be written, or use the API: /imports/" + import.id.str() + "/rejections");
}

}  // namespace

Task<void> import_contacts(Application& application, Command command) {
  auto& m = application.modules();
  Context context;
  context.tenant = identity::default_tenant();
  if (!command.tenant.empty()) context.tenant = value_or_throw(co_await m.identity.find_tenant(command.tenant)).id;
  DiskFile file(command.file);
  if (!file.is_open()) throw std::runtime_error("cannot open " + command.file + "; check the path and that it may be read");
  contacts::ImportRequest request;
  std::filesystem::path const path = command.file;
  request.filename = path.filename().string();
  if (!command.consent.empty()) {
    auto const dot = command.consent.find('.');
    if (dot == std::string::npos) throw std::runtime_error("--consent must be a channel and a type, like email.marketing");
    request.consents.push_back(contacts::ConsentForAll{command.consent.substr(0, dot), command.consent.substr(dot + 1)});
    if (command.consent_source.empty()) throw std::runtime_error("--consent needs --consent-source, which says where the consent was given, like 'signup form'");
    request.consent_source = command.consent_source;
  }
  auto const staged = value_or_throw(co_await m.imports.receive(context, std::move(request), file));
  value_or_throw(co_await m.imports.commit(context, staged.id));
  auto const import = value_or_throw(co_await m.imports.commit_now(context.tenant, staged.id));
  std::cout << "import " << import.id.str() << "\nrows " << import.rows_total << "\ncreated " << import.rows_created << "\nupdated " << import.rows_updated
            << "\nunchanged " << import.rows_unchanged << "\nrejected " << import.rows_rejected << "\n";
  if (import.rows_suppressed > 0) std::cout << "suppressed " << import.rows_suppressed << "\n";
  if (!import.request.consents.empty()) std::cout << "consents granted " << import.consents_granted << "\nconsents kept as they were " << import.consents_kept << "\n";
  for (auto const& column : import.columns) {
    if (column.origin == "unknown") std::cerr << "column '" << column.name << "' became " << *column.field << "\n";
    else if (!column.field) std::cerr << "column '" << column.name << "' was left out\n";
  }
  if (import.rows_rejected == 0) co_return;
  auto const beside = rejected_beside(path);
  co_await write_rejections(m.imports, context.tenant, import, beside);
  std::cout << "rejected rows are in " << beside.string() << "\n";
}

}  // namespace postrider::app
