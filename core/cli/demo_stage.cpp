#include "cli/demo_stage.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <QJsonDocument>
#include <cstdlib>

#include "bottles/child_process.h"
#include "bottles/identity.h"
#include "bottles/installation.h"
#include "files/atomic_file.h"
#include "files/private_directory.h"
#include "files/system_error.h"
#include "files/tree_removal.h"

namespace botbottle::cli {
namespace {

constexpr int kStartMs = 10'000;

constexpr const char* kBottleFile = R"(---
egress:
  routes:
    - host: api.example.com
      auth: {scheme: Bearer, token_ref: BOTBOTTLE_DEMO_TOKEN}
---
One API, with a credential that the agent never sees.
)";

constexpr const char* kSettingsFile = R"(egress:
  upstream_proxy: http://127.0.0.1:%1
  upstream_ca: %2
)";

}  // namespace

Result<std::unique_ptr<DemoStage>> DemoStage::open() {
    std::unique_ptr<DemoStage> stage(new DemoStage);
    // Random, so that whatever shows it really had it.
    stage->token_ = new_identity(QStringLiteral("demo-token")) + new_identity(QStringLiteral(""));
    if (auto made = stage->make_home(); !made) return tl::make_unexpected(made.error());
    if (auto started = stage->start_upstream(); !started)
        return tl::make_unexpected(started.error());
    if (auto written = stage->write_files(); !written) return tl::make_unexpected(written.error());
    setenv("BOT_BOTTLE_HOME", stage->home_.toLocal8Bit().constData(), 1);
    setenv(kTokenVariable, stage->token_.toLatin1().constData(), 1);
    return stage;
}

DemoStage::~DemoStage() {
    keeps_upstream_.reset();
    if (upstream_ > 0) {
        kill(upstream_, SIGKILL);
        waitpid(upstream_, nullptr, 0);
    }
    if (!home_.isEmpty()) (void)files::remove_tree(home_.toStdString());
}

Result<void> DemoStage::make_home() {
    char pattern[] = "/tmp/botbottle-demo-XXXXXX";
    if (mkdtemp(pattern) == nullptr)
        return files::system_failure("cannot_create", "create", pattern);
    home_ = QString::fromLatin1(pattern);
    return files::make_private_directory(home_.toStdString() + "/bottles");
}

Result<void> DemoStage::start_upstream() {
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        return files::system_failure("cannot_start", "make", "a pipe");
    const UniqueFd child_input(input[0]);
    const UniqueFd child_output(output[1]);
    keeps_upstream_.reset(input[1]);
    from_upstream_.reset(output[0]);
    const std::string program = libexec_directory().toStdString() + "/botbottle-demo-upstream";
    const std::string ca = home_.toStdString() + "/upstream-ca.pem";
    upstream_ = fork();
    if (upstream_ < 0) return files::system_failure("cannot_start", "start", program);
    if (upstream_ == 0) {
        const ChildDescriptor descriptors[] = {
            {child_input.get(), 0}, {child_output.get(), 1}, {2, 2}};
        if (!place_descriptors(descriptors, 3)) _exit(127);
        reset_signals();
        char* const none[] = {nullptr};
        const char* const argv[] = {"botbottle-demo-upstream", kHost, ca.c_str(), nullptr};
        execve(program.c_str(), const_cast<char* const*>(argv), none);
        _exit(127);
    }
    auto line = read_line(kStartMs);
    if (!line)
        return failure("cannot_start", "the demonstration's upstream did not start: " + program);
    port_ = line->value(QLatin1String("port")).toInt();
    return {};
}

Result<void> DemoStage::write_files() {
    const std::string home = home_.toStdString();
    if (auto written = files::write_atomically(home + "/bottles/demo.md", kBottleFile); !written)
        return written;
    const QString settings = QString::fromLatin1(kSettingsFile)
                                 .arg(port_)
                                 .arg(home_ + QStringLiteral("/upstream-ca.pem"));
    return files::write_atomically(home + "/settings.yaml", settings.toStdString());
}

Result<QJsonObject> DemoStage::read_line(int timeout_ms) {
    for (;;) {
        if (const qsizetype end = pending_.indexOf('\n'); end >= 0) {
            const QJsonObject object = QJsonDocument::fromJson(pending_.left(end)).object();
            pending_.remove(0, end + 1);
            return object;
        }
        struct pollfd ready = {from_upstream_.get(), POLLIN, 0};
        if (poll(&ready, 1, timeout_ms) <= 0) return failure("timeout", "nothing more");
        char buffer[4096];
        const ssize_t count = read(from_upstream_.get(), buffer, sizeof buffer);
        if (count <= 0) return failure("gone", "the upstream has ended");
        pending_.append(buffer, count);
    }
}

// A request is told before it is answered, so what an answered request has shown is here by now.
QList<QJsonObject> DemoStage::seen() {
    QList<QJsonObject> requests;
    while (auto line = read_line(0))
        requests.append(*line);
    return requests;
}

}  // namespace botbottle::cli
