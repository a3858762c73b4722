#include "exchange.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "host-bottle/fail.h"
#include "host-bottle/filter.h"
#include "host-bottle/tree_copy.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kSchema = "botbottle.machine-contact/1";
constexpr const char* kPrograms[] = {"botbottle-relay", "botbottle-session", "botbottle-machine"};
constexpr std::size_t kSessionName = 16;
constexpr std::size_t kLargestFilter = 64 * 1024;

std::string guest_program(const Bottle& bottle, const std::string& name) {
    const std::string own = bottle.libexec_dir + "/machine/" + name;
    return exists(own) ? own : bottle.libexec_dir + "/" + name;
}

void copy_program(const std::string& source, const std::string& target) {
    const UniqueFd from(open(source.c_str(), O_RDONLY | O_CLOEXEC));
    if (!from) fail_errno(source);
    unlink(target.c_str());
    const UniqueFd to(open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
    if (!to) fail_errno(target);
    copy_data(from.get(), to.get(), target);
    if (fchmod(to.get(), 0755) != 0) fail_errno(target);
}

UniqueFd open_slot(const Contact& contact, const char* kind, int number) {
    const std::string path = contact.slots() + "/" + kind + std::to_string(number);
    return UniqueFd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
}

// Whose slot it is, or was; the lock on it says which.
std::string session_in(const UniqueFd& slot) {
    std::array<char, kSessionName> name;
    const ssize_t size = pread(slot.get(), name.data(), name.size(), 0);
    const std::string_view text(name.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos ? std::string(text)
                                                                                : std::string();
}

void remove_files_of(const Contact& contact, const std::string& session) {
    if (session.size() != kSessionName) return;
    unlink(request_file(contact, session).c_str());
    unlink(result_file(contact, session).c_str());
}

}  // namespace

void make_exchange(const Bottle& bottle) {
    const std::string in = in_directory(bottle);
    for (const std::string& path :
         {bottle.place, in, in + "/requests", out_directory(bottle), bottle.place + "/slots"})
        make_directory(path, 0700);
    for (const char* const name : kPrograms)
        copy_program(guest_program(bottle, name), in + "/" + name);
    const UniqueFd filter = build_filter();
    write_file(in + "/filter", read_all(filter.get(), kLargestFilter, "the filter"), 0644);
}

void write_contact(const Bottle& bottle, const Handle& handle,
                   const std::vector<std::string>& environment) {
    const Json document = {{"schema", kSchema},         {"smolvm", handle.smolvm},
                           {"machine", handle.machine}, {"user", handle.user},
                           {"place", bottle.place},     {"environment", environment}};
    replace_file(bottle.session_socket(), document.dump() + "\n");
}

Contact read_contact(const std::string& file) {
    const auto text = read_file(file);
    if (!text) throw OperationError(BOTBOTTLE_NOT_FOUND, "not_running", "the bottle does not run");
    const Json document = Json::parse(*text, nullptr, false);
    try {
        if (document.at("schema") != kSchema)
            throw Json::other_error::create(500, "schema", nullptr);
        Contact contact;
        contact.smolvm = absolute_path(document, "smolvm");
        contact.machine = document.at("machine").get<std::string>();
        contact.user = document.at("user").get<std::string>();
        contact.place = absolute_path(document, "place");
        document.at("environment").get_to(contact.environment);
        return contact;
    } catch (const Json::exception&) {
        fail("bad_record", file + " is not a file of this backend",
             "stop the bottle and start it again");
    }
}

UniqueFd take_slot(const Contact& contact, const char* kind, int count) {
    for (int number = 0; number < count; ++number) {
        UniqueFd slot = open_slot(contact, kind, number);
        if (!slot) fail_errno(contact.slots());
        if (flock(slot.get(), LOCK_EX | LOCK_NB) == 0) return slot;
    }
    return {};
}

std::string request_file(const Contact& contact, const std::string& session) {
    return contact.requests() + "/" + session;
}

std::string result_file(const Contact& contact, const std::string& session) {
    return contact.results() + "/" + session;
}

void claim_slot(const Contact& contact, const UniqueFd& slot, const std::string& session) {
    remove_files_of(contact, session_in(slot));
    if (ftruncate(slot.get(), 0) != 0 || pwrite(slot.get(), session.data(), session.size(), 0) !=
                                             static_cast<ssize_t>(session.size()))
        fail_errno(contact.slots());
}

void remove_stale_files(const Contact& contact) {
    for (int number = 0; number < kSessionSlots; ++number) {
        const UniqueFd slot = open_slot(contact, kSessionSlot, number);
        if (slot && flock(slot.get(), LOCK_EX | LOCK_NB) == 0) claim_slot(contact, slot, {});
    }
}

void remove_exchange(const Bottle& bottle) {
    for (const std::string& path :
         {in_directory(bottle), out_directory(bottle), bottle.place + "/slots"}) {
        if (exists(path)) remove_tree(path);
    }
    unlink(bottle.session_socket().c_str());
    unlink(bottle.record().c_str());
}

}  // namespace backend_smolmachines
