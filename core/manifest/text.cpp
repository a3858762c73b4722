#include "manifest/text.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace botbottle {
namespace {

constexpr int kShown = 60;
constexpr int kLongestCompared = 64;

bool is_safe(char32_t character) {
    switch (QChar::category(character)) {
        case QChar::Other_Control:
        case QChar::Other_Format:
        case QChar::Other_PrivateUse:
        case QChar::Other_NotAssigned:
        case QChar::Other_Surrogate:  // half of a pair
        case QChar::Separator_Line:
        case QChar::Separator_Paragraph:
            return false;
        default:
            return true;
    }
}

// Optimal string alignment: Levenshtein plus swaps of neighbours.
int edit_distance(const QString& a, const QString& b) {
    const auto rows = static_cast<std::size_t>(a.size()) + 1;
    const auto columns = static_cast<std::size_t>(b.size()) + 1;
    std::vector<std::vector<int>> cost(rows, std::vector<int>(columns));
    for (std::size_t i = 0; i < rows; ++i)
        cost[i][0] = static_cast<int>(i);
    for (std::size_t j = 0; j < columns; ++j)
        cost[0][j] = static_cast<int>(j);
    const auto at = [](const QString& word, std::size_t i) {
        return word.at(static_cast<qsizetype>(i)).toLower();
    };
    for (std::size_t i = 1; i < rows; ++i) {
        for (std::size_t j = 1; j < columns; ++j) {
            const bool same = at(a, i - 1) == at(b, j - 1);
            cost[i][j] = std::min(
                {cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && at(a, i - 1) == at(b, j - 2) && at(a, i - 2) == at(b, j - 1);
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[rows - 1][columns - 1];
}

}  // namespace

QString visible(const QString& text) {
    QString shown;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const bool pair =
            text[at].isHighSurrogate() && at + 1 < text.size() && text[at + 1].isLowSurrogate();
        const char32_t character =
            pair ? QChar::surrogateToUcs4(text[at], text[at + 1]) : text[at].unicode();
        if (is_safe(character))
            shown += text.mid(at, pair ? 2 : 1);
        else
            shown +=
                QStringLiteral("\\u%1").arg(static_cast<uint>(character), 4, 16, QLatin1Char('0'));
        if (pair) ++at;
    }
    return shown;
}

QString quoted(const QString& text) {
    const QString more = text.size() > kShown ? QStringLiteral("…") : QString();
    return QLatin1Char('"') + visible(text.left(kShown)) + more + QLatin1Char('"');
}

QString either(const QStringList& words) {
    if (words.size() < 2) return words.join(QString());
    return words.mid(0, words.size() - 1).join(QStringLiteral(", ")) + QStringLiteral(" or ") +
           words.last();
}

QString nearest(const QString& word, const QStringList& candidates) {
    if (word.size() > kLongestCompared) return {};
    const int most = std::min<int>(2, static_cast<int>(word.size()) / 3);
    QString best;
    int best_distance = most + 1;
    for (const QString& candidate : candidates) {
        if (candidate.size() > kLongestCompared) continue;
        const int distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

QString binary_size(qint64 bytes) {
    static constexpr std::array<std::pair<const char*, int>, 4> kUnits = {
        {{"T", 40}, {"G", 30}, {"M", 20}, {"K", 10}}};
    for (const auto& [unit, shift] : kUnits) {
        const qint64 size = qint64{1} << shift;
        if (bytes % size == 0) return QString::number(bytes / size) + QString::fromLatin1(unit);
    }
    return QString::number(bytes);
}

}  // namespace botbottle
