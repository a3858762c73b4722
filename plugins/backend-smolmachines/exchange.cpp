#include "exchange.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "host-bottle/fail.h"
#include "host-bottle/filter.h"
#include "host-bottle/tree_copy.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kSchema = "botbottle.machine-contact/1";
constexpr const char* kPrograms[] = {"botbottle-relay", "botbottle-session", "botbottle-machine"};
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
        const std::string path = contact.slots() + "/" + kind + std::to_string(number);
        UniqueFd slot(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!slot) fail_errno(path);
        if (flock(slot.get(), LOCK_EX | LOCK_NB) == 0) return slot;
    }
    return {};
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
